// Waits for lines that the daemon writes to its log, which is of JSON. Reads that file.
import { readFileSync, statSync } from 'node:fs';
import { eventually } from './wait.js';

/** When a line was written, since 1970, and how long took what it tells of; both in milliseconds. */
export type Logged = { readonly at: number; readonly ms: number };

/** What the daemon logs from now on. */
export class DaemonLog {
  readonly #file: string;
  readonly #from: number;

  constructor(file: string) {
    this.#file = file;
    this.#from = statSync(file, { throwIfNoEntry: false })?.size ?? 0;
  }

  /** Waits for the nth line of an event that has an `ms`. */
  async nth(event: string, nth: number): Promise<Logged> {
    const line = new RegExp(`"time":"([^"]+)","event":"${event}",.*?"ms":(\\d+)`, 'g');
    let logged: Logged = { at: Number.NaN, ms: Number.NaN };
    await eventually(`${event} in the log`, () => {
      const [, time = '', ms] = [...this.#text().matchAll(line)][nth - 1] ?? [];
      logged = { at: Date.parse(time), ms: Number(ms) };
      return ms !== undefined;
    });
    return logged;
  }

  #text(): string {
    if (statSync(this.#file, { throwIfNoEntry: false }) === undefined) return '';
    return readFileSync(this.#file).subarray(this.#from).toString();
  }
}
