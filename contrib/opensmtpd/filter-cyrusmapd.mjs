// A filter of OpenSMTPD, smtpd-filters(7): asks cyrusmapd about each recipient of the domains that it is given.
//
//     filter-cyrusmapd.mjs unix:/var/run/cyrusmapd/socketmap example.jp example.net
import { createInterface } from 'node:readline';
import { SocketmapClient } from 'cyrusmapd';

const [endpoint = '', ...names] = process.argv.slice(2);
const client = new SocketmapClient(endpoint);
const domains = new Set(names.map((name) => name.toLowerCase()));

for await (const line of createInterface({ input: process.stdin })) {
  if (line === 'config|ready') process.stdout.write('register|filter|smtp-in|rcpt-to\nregister|ready\n');
  // filter|VERSION|TIME|smtp-in|rcpt-to|SESSION|TOKEN|ADDRESS: the address may hold a bar.
  const [kind, , , , phase, session, token, ...address] = line.split('|');
  if (kind === 'filter' && phase === 'rcpt-to') void answer(session, token, address.join('|'));
}

/** Answers come in any order, each with its session and token. */
async function answer(session, token, address) {
  process.stdout.write(`filter-result|${session}|${token}|${await resultFor(address)}\n`);
}

async function resultFor(address) {
  const recipient = recipientOf(address);
  if (recipient === undefined || !domains.has(recipient.domain.toLowerCase())) return 'proceed';
  try {
    const { status } = await client.lookup(`${recipient.localPart}@${recipient.domain}`);
    if (status === 'OK') return 'proceed';
    if (status === 'NOTFOUND') return 'reject|550 5.1.1 User unknown';
  } catch (error) {
    console.error(`${address}: ${error.message}`);
  }
  return 'reject|451 4.3.0 Mailbox cannot be verified now';
}

/** Without the quotes that the local part may have been written with. */
function recipientOf(address) {
  const [, localPart, domain] = /^<?(.*)@([^@>]*)>?(?: .*)?$/.exec(address) ?? [];
  if (localPart === undefined) return undefined;
  const quoted = /^"(.*)"$/.exec(localPart)?.[1];
  return { localPart: quoted?.replace(/\\(.)/g, '$1') ?? localPart, domain };
}
