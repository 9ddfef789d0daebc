// Whose events are expected, by the name of the server that stands in each: serverFQDN, which is `servername` of imapd.conf(5).
// Whoever else pushes is no back-channel of ours, or has taken the place of one: nothing known holds then. No I/O but the log.
import type { Log } from '../../log/log.js';
import { eventStranger } from '../../log/verbs/events.js';

/** Names that were told of; a stranger can make up any number of them. */
const TOLD_MAX = 100;

export class ExpectedServers {
  readonly #log: Log;
  readonly #told = new Set<string>();
  #names: ReadonlySet<string> | undefined;

  /** @param names undefined for any */
  constructor(names: readonly string[] | undefined, log: Log) {
    this.#log = log;
    this.expect(names);
  }

  /** As now configured. */
  expect(names: readonly string[] | undefined): void {
    this.#names = names && new Set(names.map((name) => name.toLowerCase()));
    this.#told.clear();
  }

  /** @param server undefined where the event names none */
  includes(server: string | undefined): boolean {
    if (this.#names === undefined) return true;
    const name = server?.toLowerCase() ?? '';
    if (this.#names.has(name)) return true;
    if (this.#told.size < TOLD_MAX && !this.#told.has(name)) {
      this.#told.add(name);
      eventStranger(this.#log, { server: name, expected: [...this.#names].join(', ') });
    }
    return false;
  }
}
