// Makes in a real Cyrus all mailboxes that the letters are for, and finds out by delivering to each recipient what becomes of a letter.
import type { CyrusContainer } from '../containers/cyrus.js';
import { fill } from '../containers/mailboxes.js';
import { ALIASES, aliasOf, DOMAINS, INBOXES, SHARED } from './recipients.js';

/** Less than what is in each full mailbox. */
const QUOTA_KIB = 10;
const CYR_DENY = '/usr/lib/cyrus/bin/cyr_deny';

export async function makeMailboxes(cyrus: CyrusContainer): Promise<void> {
  const admin = await cyrus.admin();
  await Promise.all([admin.create('shared'), admin.create('user/canary@example.jp')]);
  for (const domain of DOMAINS) {
    const all = [
      ...INBOXES.users(domain),
      ...INBOXES.others(domain),
      ...INBOXES.full(),
      ...INBOXES.suspended(),
    ];
    for (const user of all) {
      await admin.create(`user/${user}@${domain}`);
    }
    for (const user of [...INBOXES.users(domain), ...INBOXES.full()]) {
      await admin.create(`user/${user}/lists@${domain}`);
      await admin.setacl(`user/${user}/lists@${domain}`, 'anyone', 'p');
    }
    for (const user of INBOXES.users(domain)) await admin.create(`user/${user}/closed@${domain}`);
    await admin.create(`shared@${domain}`);
    for (const [name, rights] of Object.entries(SHARED)) {
      await admin.create(`shared/${name}@${domain}`);
      await admin.setacl(`shared/${name}@${domain}`, 'anyone', rights);
    }
    for (const user of INBOXES.suspended()) {
      await cyrus.exec([CYR_DENY, '-m', 'suspended', `${user}@${domain}`], 'cyrus');
    }
    const full = [
      ...INBOXES.full().map((user) => [`${user}@${domain}`, `user/${user}@${domain}`] as const),
      [`post+shared/full@${domain}`, `shared/full@${domain}`] as const,
    ];
    for (const [address, mailbox] of full) {
      await fill(cyrus, address);
      await admin.setquota(mailbox, { storage: QUOTA_KIB });
    }
  }
  await admin.close();
}

/** Those of the recipients to whom a letter is delivered: of an alias or list, if it is to each of its members. */
export async function whoIsDelivered(
  cyrus: CyrusContainer,
  recipients: readonly string[],
): Promise<ReadonlySet<string>> {
  const handed = new Set([...ALIASES.values()].flat());
  for (const each of recipients) if (aliasOf(each) === undefined) handed.add(asHandedOver(each));
  const all = [...handed];
  const deliveries = await cyrus.deliverAll(all);
  const taken = new Set(all.filter((_, index) => deliveries[index]?.data?.startsWith('250') === true));
  const isTaken = (address: string): boolean => taken.has(asHandedOver(address));
  return new Set(recipients.filter((each) => (ALIASES.get(aliasOf(each) ?? '') ?? [each]).every(isTaken)));
}

/** Quotes that a local part does not need are taken off by mail servers. To lmtpd they are part of the name. */
function asHandedOver(address: string): string {
  return address.replace(/^"([\w.+/-]+)"@/, '$1@');
}
