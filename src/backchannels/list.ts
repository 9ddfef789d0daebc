// A back-channel for hosts without Cyrus at hand, and for a first look: a text file, one mailbox a line, `#` begins
// a comment. Read when it is opened and again at each reload. An empty list is a mistake, not an empty host: it
// denies nobody.
import { readFile, stat } from 'node:fs/promises';
import { ConfigError, messageOf } from '../errors.js';
import type { Probe } from '../validation/probe.js';
import { parseKey, type AddressRules, type Recipient } from '../validation/recipient.js';
import { DELIVERABLE, deferred, UNKNOWN, type Verdict } from '../validation/verdict.js';

/** Some millions of mailboxes; whoever has more has a Cyrus that can be asked. */
export const LIST_MAX_BYTES = 64 * 1024 * 1024;

export class ListProbe implements Probe {
  readonly name: string;
  readonly acceptsEightBit = false;
  readonly #mailboxes: ReadonlySet<string>;

  private constructor(name: string, mailboxes: ReadonlySet<string>) {
    this.name = name;
    this.#mailboxes = mailboxes;
  }

  /**
   * @param rules how the lines are folded: as recipients are
   * @throws ConfigError where the file cannot be read, is too long, or has a line that is no mailbox
   */
  static async open(config: { name: string; file: string }, rules: AddressRules): Promise<ListProbe> {
    const key = `backchannel.${config.name}.file`;
    const text = await read(config.file, key);
    const mailboxes = new Set<string>();
    text.split('\n').forEach((line, i) => {
      const name = line.replace(/#.*/, '').trim();
      if (name === '') return;
      const parsed = parseKey(name, rules);
      if (parsed.kind === 'recipient') mailboxes.add(parsed.recipient.mailbox);
      else
        throw new ConfigError(
          `${key}: ${config.file} line ${i + 1} is ${JSON.stringify(name)}: must be a mailbox`,
        );
    });
    return new ListProbe(config.name, mailboxes);
  }

  check(recipient: Recipient): Promise<Verdict> {
    if (this.#mailboxes.has(recipient.mailbox)) return Promise.resolve(DELIVERABLE);
    return Promise.resolve(this.#mailboxes.size === 0 ? deferred('the list of mailboxes is empty') : UNKNOWN);
  }

  drain(): Promise<void> {
    return Promise.resolve();
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

async function read(file: string, key: string): Promise<string> {
  try {
    const { size } = await stat(file);
    if (size <= LIST_MAX_BYTES) return await readFile(file, 'latin1');
  } catch (error) {
    throw new ConfigError(`${key} is ${file}: ${messageOf(error)}`, { cause: error });
  }
  throw new ConfigError(`${key} is ${file}: must have at most ${LIST_MAX_BYTES} bytes`);
}
