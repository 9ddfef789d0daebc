// Shows what we and Cyrus say to each other, line by line, for `check`. Passwords and all else of a login are masked. No I/O.

/** Called with each line of a dialogue: `>` was sent, `<` was received. */
export type TraceLine = (direction: '>' | '<', line: string) => void;

const MASK = '***';
/** If so many characters of a secret stand in a text, they are masked. Shorter messages of a login hold no secret. */
const PREFIX_MIN = 8;

/** Longer lines are cut, since the capabilities of Cyrus have 1000 characters and more. */
const SHOWN_MAX = 200;

export class Trace {
  readonly #line: TraceLine | undefined;
  /** Whether a login is under way. */
  #secret = false;
  /** What was sent in logins, since a server may repeat it. */
  readonly #secrets: string[] = [];

  constructor(line: TraceLine | undefined) {
    this.#line = line;
  }

  /** Whether anybody wants the lines. */
  get isOn(): boolean {
    return this.#line !== undefined;
  }

  /**
   * @param line the command that begins a login, as it may be shown
   * @param secret what else stands on its line
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

  /** TLS begins. @param version the version of TLS */
  secured(version: string): void {
    this.#line?.('<', `(${version} begins)`);
  }

  /** @param challenge how a challenge of a login begins: what follows is masked */
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
 * A text of a peer, cut off where it begins to repeat what was sent in a login, since even a part of that must not be shown.
 * @param secrets the messages as they were sent
 */
export function withoutSecrets(text: string, secrets: readonly string[]): string {
  let end = text.length;
  for (const secret of secrets) {
    const at = secret.length < PREFIX_MIN ? -1 : text.indexOf(secret.slice(0, PREFIX_MIN));
    if (at !== -1 && at < end) end = at;
  }
  return end === text.length ? text : `${text.slice(0, end)}${MASK}`;
}
