// The servers whose events are expected, by the name in each event: serverFQDN, which is `servername` of imapd.conf(5). If another
// server pushes, it is none of our back-channels, or it has replaced one: then all earlier answers are outdated. Writes the log.
import type { Log } from '../../log/log.js';
import { eventStranger } from '../../log/verbs/events.js';

/** How many unexpected names are logged at most, since a stranger can make up any number of them. */
const TOLD_MAX = 100;

export class ExpectedServers {
  readonly #log: Log;
  readonly #told = new Set<string>();
  #names: ReadonlySet<string> | undefined;

  /** @param names the expected servers; undefined where any is */
  constructor(names: readonly string[] | undefined, log: Log) {
    this.#log = log;
    this.expect(names);
  }

  /** Takes the servers of a new configuration. */
  expect(names: readonly string[] | undefined): void {
    this.#names = names && new Set(names.map((name) => name.toLowerCase()));
    this.#told.clear();
  }

  /** Whether a server is expected. @param server undefined where the event names none */
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
