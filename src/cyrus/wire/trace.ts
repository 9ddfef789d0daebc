// What is said between us and Cyrus, line by line, for `check`: passwords and whatever else a login is made of are masked.
// No I/O.

/** Is told each line of a dialogue. */
export type TraceLine = (direction: '>' | '<', line: string) => void;

const MASK = '***';
/** Whoever has so much of it may have all. Shorter ones hold nothing. */
const PREFIX_MIN = 8;

/** Cyrus' capabilities have 1000 characters and more. */
const SHOWN_MAX = 200;

export class Trace {
  readonly #line: TraceLine | undefined;
  /** While a login is under way. */
  #secret = false;
  /** What was sent in logins: a server may say it back. */
  readonly #secrets: string[] = [];

  constructor(line: TraceLine | undefined) {
    this.#line = line;
  }

  /** Whether anybody reads along. */
  get isOn(): boolean {
    return this.#line !== undefined;
  }

  /**
   * @param line the command that begins a login, of which the words in front may be shown
   * @param secret what stands behind them
   */
  beginSecret(line: string, secret: string | undefined): void {
    this.#remember(secret);
    this.#line?.('>', line);
    this.#secret = true;
  }

  endSecret(): void {
    this.#secret = false;
  }

  sent(line: string): void {
    if (this.#secret) this.#remember(line);
    this.#line?.('>', this.#secret ? MASK : line);
  }

  /** @param version of TLS, in which it goes on */
  secured(version: string): void {
    this.#line?.('<', `(${version} begins)`);
  }

  /** @param challenge what stands in front of a challenge of a login: the rest of it is masked */
  received(line: string, challenge: string): void {
    const masked = this.#secret && line.startsWith(challenge);
    this.#line?.('<', masked ? `${challenge}${MASK}` : shortened(withoutSecrets(line, this.#secrets)));
  }

  #remember(secret: string | undefined): void {
    if (this.#line !== undefined && secret !== undefined) this.#secrets.push(secret);
  }
}

function shortened(line: string): string {
  return line.length > SHOWN_MAX ? `${line.slice(0, SHOWN_MAX)}...` : line;
}

/**
 * A text of a peer's, cut off where it begins to say back what it was sent in a login: even a piece of it would be too much.
 * @param secrets as they were sent
 */
export function withoutSecrets(text: string, secrets: readonly string[]): string {
  let end = text.length;
  for (const secret of secrets) {
    const at = secret.length < PREFIX_MIN ? -1 : text.indexOf(secret.slice(0, PREFIX_MIN));
    if (at !== -1 && at < end) end = at;
  }
  return end === text.length ? text : `${text.slice(0, end)}${MASK}`;
}
