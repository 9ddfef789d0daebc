// Reads the addresses of `lookup.always_accept_file`, such as aliases that are no mailboxes: one in each line. It waits until
// nobody writes to the file, and lets others have their turn while it reads. I/O: this file.
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Config } from '../config/config.js';
import { ConfigError, messageOf } from '../errors.js';
import { readStableFile } from '../net/stable-file.js';
import { parseKey, type AddressRules } from '../validation/recipient.js';

/** Enough for some ten thousand addresses. */
export const ALWAYS_ACCEPT_MAX_BYTES = 1024 * 1024;

/** So long nobody must have written to it, in milliseconds: from half a file, the addresses of the other half would be refused. */
const QUIET_MS = 200;

/** How many lines are read before others have their turn. */
const LINES_IN_A_TURN = 500;

const KEY = 'lookup.always_accept_file';

/**
 * @returns the addresses in the same form as those of `always_accept`; empty where no file is configured
 * @throws ConfigError where the file cannot be read, has no address at all, or has a line that is no address
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
  // An empty file is taken for a mistake: all these addresses would be refused.
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
