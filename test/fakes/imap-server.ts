// An imapd (RFC 3501; quotas and rights of RFC 2087 and RFC 4314) that answers an administrator as Cyrus 3.6.1 does, from
// a table of mailboxes. Its one account is `cyrus` with the password `secret`.
import { DialogueServer, type Protocol, type Tls } from './dialogue-server.js';

export const USER = 'cyrus';
export const PASSWORD = 'secret';

export type FakeMailbox = {
  /** `STORAGE 42 10`; undefined for one without a quota root. */
  readonly quota?: string;
  /** `anyone lrs`, of a shared one. */
  readonly acl?: string;
  /** Instead of what it would be answered: `NO System I/O error`. */
  readonly instead?: string;
};

export class ImapServer {
  readonly server: DialogueServer;
  /** By the name that an administrator gives them. */
  readonly mailboxes: Map<string, FakeMailbox>;
  readonly #account: Account;

  private constructor(server: DialogueServer, mailboxes: Map<string, FakeMailbox>, account: Account) {
    this.server = server;
    this.mailboxes = mailboxes;
    this.#account = account;
  }

  static async listen(where: string | number, tls?: Tls): Promise<ImapServer> {
    const mailboxes = new Map<string, FakeMailbox>();
    const account: Account = { administrator: true };
    const server = await DialogueServer.listen(where, imapd(mailboxes, account, tls), tls);
    return new ImapServer(server, mailboxes, account);
  }

  /** Whether who is logged in is among `admins`. */
  set administrator(administrator: boolean) {
    this.#account.administrator = administrator;
  }

  /** The mailboxes of all GETQUOTAROOT commands, in order. */
  get asked(): string[] {
    return this.server.commands.flatMap((command) => /GETQUOTAROOT "(.*)"$/.exec(command)?.[1] ?? []);
  }

  get logins(): number {
    return this.server.commands.filter((command) => / AUTHENTICATE /.test(command)).length;
  }

  stop(): Promise<void> {
    return this.server.stop();
  }
}

type Account = { administrator: boolean };

const CAPABILITIES = 'IMAP4rev1 LITERAL+ ID ENABLE SASL-IR AUTH=PLAIN';
const NONEXISTENT = 'NO Mailbox does not exist';

function imapd(
  mailboxes: ReadonlyMap<string, FakeMailbox>,
  account: Account,
  tls: Tls | undefined,
): Protocol {
  const visible = (name: string): FakeMailbox | undefined =>
    account.administrator ? mailboxes.get(name) : undefined;
  const capabilities = (secured: boolean): string =>
    tls?.mode === 'starttls' && !secured ? `${CAPABILITIES} STARTTLS` : CAPABILITIES;
  const answer = (verb: string, rest: string, secured: boolean): string[] => {
    const name = /^"(.*)"$/.exec(rest)?.[1] ?? '';
    switch (verb) {
      case 'CAPABILITY':
        return [`* CAPABILITY ${capabilities(secured)}`, 'OK Completed'];
      case 'STARTTLS':
        return ['OK Begin TLS negotiation now'];
      case 'AUTHENTICATE':
        return [rest === LOGIN ? 'OK Success (no protection)' : 'NO authentication failure'];
      case 'NAMESPACE':
        return ['* NAMESPACE NIL (("user/" "/")) (("" "/"))', 'OK Completed'];
      case 'GETQUOTA':
        return [account.administrator ? 'NO Quota root does not exist' : 'NO Permission denied'];
      case 'GETQUOTAROOT':
        return quotaRoot(name, visible(name));
      case 'GETACL':
        return acl(name, visible(name));
      case 'LIST':
        return [...list([...mailboxes.keys()], rest), 'OK Completed (0.000 secs)'];
      case 'LOGOUT':
        return ['* BYE LOGOUT received', 'OK Completed'];
      default:
        return ['BAD Unrecognized command'];
    }
  };
  return {
    greeting: `* OK [CAPABILITY ${capabilities(false)}] fake.test Cyrus IMAP 3.6.1 server ready\r\n`,
    usual(command, secured) {
      const [tag = '*', verb = '', ...rest] = command.split(' ');
      const lines = answer(verb, rest.join(' '), secured);
      const tagged = `${tag} ${lines.pop() ?? ''}`;
      return [...lines, tagged].map((line) => `${line}\r\n`).join('');
    },
    startsTls: (command) => command.endsWith(' STARTTLS'),
    ends: (command) => command.endsWith(' LOGOUT'),
  };
}

const LOGIN = `PLAIN ${Buffer.from(`\0${USER}\0${PASSWORD}`).toString('base64')}`;

function quotaRoot(name: string, mailbox: FakeMailbox | undefined): string[] {
  if (mailbox === undefined) return [NONEXISTENT];
  if (mailbox.instead !== undefined) return [mailbox.instead];
  if (mailbox.quota === undefined) return [`* QUOTAROOT ${name}`, 'OK Completed'];
  return [`* QUOTAROOT ${name} ${name}`, `* QUOTA ${name} (${mailbox.quota})`, 'OK Completed'];
}

function acl(name: string, mailbox: FakeMailbox | undefined): string[] {
  if (mailbox === undefined) return [NONEXISTENT];
  return [`* ACL ${name}${mailbox.acl === undefined ? '' : ` ${mailbox.acl}`}`, 'OK Completed'];
}

/** @param rest `"" "user/%@example.jp"` */
function list(names: readonly string[], rest: string): string[] {
  const [before = '', after = ''] = (/^"" "(.*)"$/.exec(rest)?.[1] ?? '').split('%');
  return names
    .filter((name) => name.startsWith(before) && name.endsWith(after))
    .map((name) => `* LIST (\\HasNoChildren) "/" ${name}`);
}
