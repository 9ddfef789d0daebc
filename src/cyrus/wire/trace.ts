// What is said between us and Cyrus, line by line, for `check`: passwords and whatever else a login is made of are masked.
// No I/O.

/** Is told each line of a dialogue. */
export type TraceLine = (direction: '>' | '<', line: string) => void;

const MASK = '***';

/** Cyrus' capabilities have 1000 characters and more. */
const SHOWN_MAX = 200;

export class Trace {
  readonly #line: TraceLine | undefined;
  /** While a login is under way. */
  #secret = false;

  constructor(line: TraceLine | undefined) {
    this.#line = line;
  }

  /** Whether anybody reads along. */
  get isOn(): boolean {
    return this.#line !== undefined;
  }

  /** @param line the command that begins a login, of which the words in front may be shown */
  beginSecret(line: string): void {
    this.#line?.('>', line);
    this.#secret = true;
  }

  endSecret(): void {
    this.#secret = false;
  }

  sent(line: string): void {
    this.#line?.('>', this.#secret ? MASK : line);
  }

  /** @param version of TLS, in which it goes on */
  secured(version: string): void {
    this.#line?.('<', `(${version} begins)`);
  }

  /** @param challenge what stands in front of a challenge of a login: the rest of it is masked */
  received(line: string, challenge: string): void {
    const masked = this.#secret && line.startsWith(challenge);
    this.#line?.('<', masked ? `${challenge}${MASK}` : shortened(line));
  }
}

function shortened(line: string): string {
  return line.length > SHOWN_MAX ? `${line.slice(0, SHOWN_MAX)}...` : line;
}
