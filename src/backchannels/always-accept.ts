// The addresses of `lookup.always_accept_file`, such as aliases that are no mailboxes: one a line, read when the file stands still,
// in slices. Reads the file.
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Config } from '../config/config.js';
import { ConfigError, messageOf } from '../errors.js';
import { readStableFile } from '../net/stable-file.js';
import { parseKey, type AddressRules } from '../validation/recipient.js';

/** Some ten thousands of addresses. */
export const ALWAYS_ACCEPT_MAX_BYTES = 1024 * 1024;

/** Whoever writes it line by line pauses; half a file would have the other half refused. */
const QUIET_MS = 200;

/** Between two turns of the event loop. */
const LINES_IN_A_TURN = 500;

const KEY = 'lookup.always_accept_file';

/**
 * @returns folded, as those of `always_accept`; empty where no file is configured
 * @throws ConfigError where it cannot be read, has no address at all, or has a line that is none
 */
export async function readAlwaysAccept({ lookup }: Config): Promise<readonly string[]> {
  const { alwaysAcceptFile: file, addressRules } = lookup;
  if (file === undefined) return [];
  const limits = { maxBytes: ALWAYS_ACCEPT_MAX_BYTES, quietMs: QUIET_MS };
  const { bytes } = await readStableFile(file, limits).catch((cause: unknown) => {
    throw new ConfigError(`${KEY} is ${file}: ${messageOf(cause)}`, { cause });
  });
  const addresses: string[] = [];
  const lines = bytes.toString('latin1').split('\n');
  for (const [index, line] of lines.entries()) {
    const address = line.replace(/#.*/, '').trim();
    if (address !== '') addresses.push(folded(address, addressRules, `${KEY}: ${file} line ${index + 1}`));
    if (index % LINES_IN_A_TURN === LINES_IN_A_TURN - 1) await nextTurn();
  }
  // Who empties it by mistake would have all of them refused.
  if (addresses.length === 0) throw new ConfigError(`${KEY} is ${file}: must hold at least one address`);
  return addresses;
}

function folded(address: string, rules: AddressRules, where: string): string {
  const parsed = parseKey(address, rules);
  if (parsed.kind !== 'recipient' || address.includes('+')) {
    const allowed = 'must be an address without detail, such as info@example.jp';
    throw new ConfigError(`${where} is ${JSON.stringify(address)}: ${allowed}`);
  }
  const { local, domain } = parsed.recipient;
  return domain === undefined ? local : `${local}@${domain}`;
}
