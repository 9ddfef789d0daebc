// The last decisions of one kind, in arrays that are filled round and round: a write on the path of every lookup makes no
// object, and keeps none: strings that live for some thousand lookups cost the garbage collector more than all the rest of a
// lookup. Bounded in number and in bytes, however long the keys are. No I/O.
import type { Outcome } from '../validation/outcome.js';
import type { Reply } from '../validation/verdict.js';

/** What was answered, and why. */
export type Decision = {
  /** Monotonic milliseconds. */
  readonly at: number;
  readonly map: string;
  /** As it stood in the request, latin1; of a longer key only the first KEPT_KEY_BYTES. */
  readonly key: string;
  /** The number of the mail server's connection, counted from the start; 0 where it is not known. */
  readonly connection: number;
  readonly status: Reply['status'];
  readonly outcome: Outcome;
  /** How long the lookup took, in milliseconds; 0 where nobody was asked. */
  readonly ms: number;
  /** How old the denial was that answered, in milliseconds; undefined where none did. */
  readonly ageMs: number | undefined;
  /** The mail server's queue id, where it sends that along. */
  readonly queueId: string | undefined;
};

/** More than the longest key of Sendmail (264) and the longest address of SMTP (320, RFC 5321). */
const KEPT_KEY_BYTES = 512;

/** Nearly every key is shorter, and its bytes are copied; a longer one is kept as a string. */
const SHORT_KEY_BYTES = 48;
/** Stands for the length of such a key. */
const IS_LONG = 255;

const STATUSES: readonly Reply['status'][] = ['OK', 'NOTFOUND', 'TEMP'];
const NO_AGE = -1;

export class DecisionRing {
  readonly #limit: number;
  readonly #at: Float64Array;
  readonly #ms: Float32Array;
  readonly #age: Float32Array;
  readonly #connections: Uint32Array;
  readonly #statuses: Uint8Array;
  readonly #maps: string[] = [];
  readonly #keyBytes: Buffer;
  readonly #keyLengths: Uint8Array;
  readonly #longKeys = new Map<number, string>();
  readonly #outcomes: Outcome[] = [];
  readonly #queueIds: (string | undefined)[] = [];
  /** The index at which the next decision is written. */
  #next = 0;

  constructor(limit: number) {
    this.#limit = limit;
    this.#at = new Float64Array(limit);
    this.#ms = new Float32Array(limit);
    this.#age = new Float32Array(limit);
    this.#connections = new Uint32Array(limit);
    this.#statuses = new Uint8Array(limit);
    this.#keyBytes = Buffer.alloc(limit * SHORT_KEY_BYTES);
    this.#keyLengths = new Uint8Array(limit);
  }

  get size(): number {
    return this.#outcomes.length;
  }

  add(
    at: number,
    map: string,
    key: string,
    connection: number,
    status: Reply['status'],
    outcome: Outcome,
    ms: number,
    ageMs: number | undefined,
    queueId: string | undefined,
  ): void {
    const i = this.#next;
    this.#next = i + 1 === this.#limit ? 0 : i + 1;
    this.#at[i] = at;
    this.#ms[i] = ms;
    this.#age[i] = ageMs ?? NO_AGE;
    this.#connections[i] = connection;
    this.#statuses[i] = STATUSES.indexOf(status);
    const short = map.length + key.length <= KEPT_KEY_BYTES;
    this.#maps[i] = short ? map : beginning(map);
    this.#setKey(i, short ? key : beginning(key));
    this.#outcomes[i] = outcome;
    this.#queueIds[i] = queueId;
  }

  /** The newest first. */
  *newest(): Generator<Decision> {
    for (let back = 1; back <= this.size; back++) {
      const i = (this.#next - back + this.#limit) % this.#limit;
      const outcome = this.#outcomes[i];
      if (outcome !== undefined) yield this.#read(i, outcome);
    }
  }

  #setKey(i: number, key: string): void {
    const isLong = key.length > SHORT_KEY_BYTES;
    this.#keyLengths[i] = isLong ? IS_LONG : key.length;
    if (isLong) {
      this.#longKeys.set(i, key);
      return;
    }
    if (this.#longKeys.size > 0) this.#longKeys.delete(i);
    const start = i * SHORT_KEY_BYTES;
    for (let at = 0; at < key.length; at++) this.#keyBytes[start + at] = key.charCodeAt(at);
  }

  #keyOf(i: number): string {
    const length = this.#keyLengths[i] ?? 0;
    if (length === IS_LONG) return this.#longKeys.get(i) ?? '';
    return this.#keyBytes.toString('latin1', i * SHORT_KEY_BYTES, i * SHORT_KEY_BYTES + length);
  }

  #read(i: number, outcome: Outcome): Decision {
    const age = this.#age[i] ?? NO_AGE;
    return {
      at: this.#at[i] ?? 0,
      map: this.#maps[i] ?? '',
      key: this.#keyOf(i),
      connection: this.#connections[i] ?? 0,
      status: STATUSES[this.#statuses[i] ?? 0] ?? 'TEMP',
      outcome,
      ms: this.#ms[i] ?? 0,
      ageMs: age < 0 ? undefined : age,
      queueId: this.#queueIds[i],
    };
  }
}

/** Copied, since the runtime keeps the whole string in memory for a part of it. */
function beginning(text: string): string {
  return Buffer.from(text.slice(0, KEPT_KEY_BYTES), 'latin1').toString('latin1');
}
