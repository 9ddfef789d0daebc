// What one Cyrus makes of every key of the verdict table: what we say of it over LMTP and over IMAP, what smmapd says, and
// what becomes of a message. All are asked before anything is delivered, since a message may fill a mailbox.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseEndpoint } from '../../src/net/endpoint.js';
import { SocketmapConnection } from '../../src/socketmap/client.js';
import type { Verdict } from '../../src/validation/verdict.js';
import { ADMIN, PASSWORD, type CyrusContainer } from '../containers/cyrus.js';
import { openDecider } from '../containers/decider.js';
import type { Setup } from '../containers/setup.js';
import type { VerdictRow } from '../containers/verdict-table.js';
import { NO_REPLY, type Listed, type Observation } from './seen.js';

export async function observe(
  cyrus: CyrusContainer,
  setup: Setup,
  table: readonly VerdictRow[],
): Promise<{ observations: Observation[]; listed: Listed[] }> {
  const folder = await mkdtemp(join(tmpdir(), 'password-'));
  try {
    const password = join(folder, 'password');
    await writeFile(password, PASSWORD, { mode: 0o600 });
    const keys = table.map(({ key }) => key);
    const lmtp = await verdicts(lmtpBackchannel(cyrus) + lookup(setup), keys);
    const imap = await verdicts(imapBackchannel(cyrus, password) + lookup(setup), keys);
    const plainLmtp = await verdicts(lmtpBackchannel(cyrus), keys);
    const plainImap = await verdicts(imapBackchannel(cyrus, password), keys);
    const smmapd = await repliesOfSmmapd(cyrus, keys);
    const fates = await deliverAll(cyrus, table);
    const observations = table.map(({ key, why }, i) => ({
      key,
      why,
      lmtp: at(lmtp, i),
      imap: at(imap, i),
      plainLmtp: at(plainLmtp, i),
      plainImap: at(plainImap, i),
      smmapd: at(smmapd, i),
      ...at(fates, i),
    }));
    return { observations, listed: await list(cyrus, imapBackchannel(cyrus, password) + lookup(setup)) };
  } finally {
    await rm(folder, { recursive: true });
  }
}

function lmtpBackchannel(cyrus: CyrusContainer): string {
  return `
    [backchannel.cyrus]
    type = "lmtp"
    endpoint = "${cyrus.lmtpUnix}"
    canary = "u001@example.jp"
  `;
}

function imapBackchannel(cyrus: CyrusContainer, passwordFile: string): string {
  return `
    [backchannel.cyrus]
    type = "imap"
    endpoint = "${cyrus.imap}"
    user = "${ADMIN}"
    password_file = "${passwordFile}"
    canary = "u001@example.jp"
  `;
}

/** As README.md says: the same as in imapd.conf. */
function lookup({ virtdomains }: Setup): string {
  return `
    [lookup]
    post_user = "post"
    default_domain = "rig.test"
    virtual_domains = ${virtdomains !== 'off'}
  `;
}

async function verdicts(config: string, keys: readonly string[]): Promise<Verdict[]> {
  const decider = await openDecider(config);
  try {
    // Before the first session nobody knows whether Cyrus takes 8-bit addresses, and they are deferred.
    await decider.ask('u001@example.jp');
    return (await Promise.all(keys.map((key) => decider.ask(key)))).map(({ verdict }) => verdict);
  } finally {
    await decider.close();
  }
}

async function list(cyrus: CyrusContainer, config: string): Promise<Listed[]> {
  const decider = await openDecider(config);
  const mailboxes = await decider.listed();
  await decider.close();
  const deliveries = await cyrus.deliverAll(mailboxes);
  return mailboxes.map((mailbox, i) => ({ mailbox, rcpt: at(deliveries, i).rcpt }));
}

/** A longer key ends its process, before or after it has answered. */
const SMMAPD_KEY_MAX = 1000;
const SMMAPD_TIMEOUT_MS = 2_000;

async function repliesOfSmmapd(cyrus: CyrusContainer, keys: readonly string[]): Promise<string[]> {
  const connect = () => SocketmapConnection.connect(parseEndpoint(cyrus.smmapdUnix), SMMAPD_TIMEOUT_MS);
  let client = await connect();
  const replies: string[] = [];
  for (const key of keys) {
    if (key.length > SMMAPD_KEY_MAX) {
      replies.push('not asked');
      continue;
    }
    const reply = await client.lookup('cyrus', key).catch(() => undefined);
    replies.push(reply === undefined ? NO_REPLY : `${reply.status} ${reply.text}`);
    if (reply === undefined) client = await connect();
  }
  client.close();
  return replies;
}

async function deliverAll(
  cyrus: CyrusContainer,
  table: readonly VerdictRow[],
): Promise<Pick<Observation, 'rcpt' | 'where'>[]> {
  const deliveries = await cyrus.deliverAll(table.map(({ rcpt }) => rcpt));
  const whereabouts = await cyrus.whereabouts();
  return deliveries.map(({ rcpt, marker }) => ({
    rcpt: rcpt.replace(/ SESSIONID=.*/, ''),
    where: whereabouts.get(marker) ?? [],
  }));
}

function at<Value>(values: readonly Value[], index: number): Value {
  const value = values[index];
  if (value === undefined) throw new Error(`${values.length} values, none at ${index}`);
  return value;
}
