// How a Cyrus is set up, as far as it decides which mailbox an address names: its options, and what a mailbox is called by
// an administrator of it. Names are written as with `unixhierarchysep: yes` and `virtdomains: userid`. No I/O.

export type Setup = {
  readonly unixhierarchysep: 'yes' | 'no';
  readonly virtdomains: 'userid' | 'on' | 'off';
};

/** That of docker/cyrus/imapd.conf. */
export const USUAL: Setup = { unixhierarchysep: 'yes', virtdomains: 'userid' };

export const SETUPS: readonly Setup[] = (['yes', 'no'] as const).flatMap((unixhierarchysep) =>
  (['userid', 'on', 'off'] as const).map((virtdomains) => ({ unixhierarchysep, virtdomains })),
);

/** What the administrator calls a mailbox: `user/first.last@example.jp` may be `user.first^last` to him. */
export function mailboxName(name: string, setup: Setup): string {
  const [, path = name, domain = ''] = /^([^@]*)(@.*)$/.exec(name) ?? [];
  const divided = setup.unixhierarchysep === 'yes' ? path : path.replaceAll('.', '^').replaceAll('/', '.');
  return setup.virtdomains === 'off' ? divided : divided + domain;
}

/** What Cyrus calls the user with this address. */
export function userName(address: string, setup: Setup): string {
  return setup.virtdomains === 'off' ? address.replace(/@.*/, '') : address;
}
