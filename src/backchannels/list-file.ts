// The mailboxes of a list file, read when it stands still, in slices: a million names take seconds, and lookups must be
// answered meanwhile. Reads the file.
import { setImmediate as nextTurn } from 'node:timers/promises';
import { ConfigError, messageOf } from '../errors.js';
import { readStableFile, type FileState } from '../net/stable-file.js';
import { parseKey, type AddressRules } from '../validation/recipient.js';

/** Some millions of mailboxes; whoever has more has a Cyrus that can be asked. */
const LIST_MAX_BYTES = 64 * 1024 * 1024;

/** Whoever writes it line by line pauses; one that was not written to for so long is taken for whole. */
const QUIET_MS = 200;

/** Work between two turns of the event loop. */
const SLICE_MS = 2;
const NAMES_BETWEEN_LOOKS = 64;

/** A set that grows over this takes long to be laid out anew; so there are many of them. */
const SHARDS = 256;

/** A set of names in parts, so that no step of its growing takes long. */
export class Names {
  readonly #shards: readonly Set<string>[] = Array.from({ length: SHARDS }, () => new Set<string>());
  #size = 0;

  get size(): number {
    return this.#size;
  }

  add(name: string): void {
    const shard = this.#shardOf(name);
    const before = shard.size;
    shard.add(name);
    this.#size += shard.size - before;
  }

  has(name: string): boolean {
    return this.#shardOf(name).has(name);
  }

  /** In slices. @returns how many of ours the others have not */
  async missingFrom(others: Names): Promise<number> {
    let missing = 0;
    for (const shard of this.#shards) {
      for (const name of shard) if (!others.has(name)) missing += 1;
      await nextTurn();
    }
    return missing;
  }

  #shardOf(name: string): Set<string> {
    let hash = name.length;
    for (let at = 0; at < name.length && at < 32; at += 1) hash = (hash * 31 + name.charCodeAt(at)) | 0;
    // There are as many as the mask can name.
    return this.#shards[hash & (SHARDS - 1)] ?? new Set();
  }
}

export type ReadList = { readonly names: Names; readonly state: FileState };

/**
 * @param key of the configuration, for errors; @param rules how the lines are folded: as recipients are
 * @throws ConfigError where the file cannot be read, is too long, or has a line that is no mailbox
 */
export async function readList(file: string, key: string, rules: AddressRules): Promise<ReadList> {
  const { bytes, state } = await readStableFile(file, { maxBytes: LIST_MAX_BYTES, quietMs: QUIET_MS }).catch(
    (cause: unknown) => {
      throw new ConfigError(`${key} is ${file}: ${messageOf(cause)}`, { cause });
    },
  );
  return { names: await parseList(bytes, file, key, rules), state };
}

/**
 * As readList(), of its bytes.
 * @throws ConfigError where a line is no mailbox
 */
export async function parseList(
  bytes: Buffer,
  file: string,
  key: string,
  rules: AddressRules,
): Promise<Names> {
  const names = new Names();
  let sliceBegan = performance.now();
  for (let from = 0, line = 1; from < bytes.length; line += 1) {
    const newline = bytes.indexOf(0x0a, from);
    const end = newline === -1 ? bytes.length : newline;
    const name = withoutComment(bytes.toString('latin1', from, end));
    from = end + 1;
    if (name !== '') {
      const parsed = parseKey(name, rules);
      if (parsed.kind !== 'recipient') {
        throw new ConfigError(`${key}: ${file} line ${line} is ${JSON.stringify(name)}: must be a mailbox`);
      }
      names.add(parsed.recipient.mailbox);
    }
    if (line % NAMES_BETWEEN_LOOKS === 0 && performance.now() - sliceBegan >= SLICE_MS) {
      await nextTurn();
      sliceBegan = performance.now();
    }
  }
  return names;
}

/** A comment begins the line or follows a blank: `#` may stand in an address. */
function withoutComment(line: string): string {
  for (let at = line.indexOf('#'); at !== -1; at = line.indexOf('#', at + 1)) {
    if (at === 0 || line[at - 1] === ' ' || line[at - 1] === '\t') return line.slice(0, at).trim();
  }
  return line.trim();
}
