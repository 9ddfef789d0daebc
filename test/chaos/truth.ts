// Which mailboxes there are, as the test alone knows it: those that stay, those that never were, and those that an administrator
// makes and deletes meanwhile, of which only his tagged OKs tell. No I/O; times are milliseconds of performance.now().
import type { Random } from './random.js';

type Kind = 'stays' | 'never' | 'changes';
export type Someone = { readonly address: string; readonly kind: Kind };

type Change = { readonly begun: number; done: number; readonly there: boolean };
type Span = { readonly from: number; to: number };

const DOMAIN = 'example.jp';
/** Of a hundred recipients. */
const NEVER = 30;
const CHANGES = 15;

export class Truth {
  readonly stays: readonly string[];
  readonly #changing = new Map<string, Change[]>();
  readonly #uncertain: Span[] = [];

  /** @param stays how many mailboxes are there all the time */
  constructor(stays: number) {
    this.stays = Array.from({ length: stays }, (_, i) => `stay${i}@${DOMAIN}`);
  }

  someone(random: Random): Someone {
    const chance = random.below(100);
    if (chance < NEVER) return this.nobody(random);
    if (chance < NEVER + CHANGES && this.#changing.size > 0) {
      return { address: random.pick([...this.#changing.keys()]), kind: 'changes' };
    }
    return { address: random.pick(this.stays), kind: 'stays' };
  }

  nobody(random: Random): Someone {
    return { address: `nobody${random.below(1e9)}@${DOMAIN}`, kind: 'never' };
  }

  /** An administrator begins to make or delete it; what is returned is told of his tagged OK. Without one nothing is certain any more. */
  begin(address: string, there: boolean): () => void {
    const change = { begun: performance.now(), done: Infinity, there };
    this.#changing.set(address, [...(this.#changing.get(address) ?? []), change]);
    return () => (change.done = performance.now());
  }

  /** It is not asked for any more. */
  forget(address: string): void {
    this.#changing.delete(address);
  }

  /** Cyrus itself has lost or changed its list: nobody knows of what the administrator made. */
  doubt(): () => void {
    const span = { from: performance.now(), to: Infinity };
    this.#uncertain.push(span);
    return () => (span.to = performance.now());
  }

  /** Whether it may have been so at any moment from the question to its answer. */
  mayHaveBeen({ address, kind }: Someone, there: boolean, from: number, to: number): boolean {
    if (kind !== 'changes') return there === (kind === 'stays');
    if (this.#uncertain.some((span) => span.from <= to && span.to >= from)) return true;
    const changes = this.#changing.get(address);
    if (changes === undefined) return true;
    let since = -Infinity;
    let state = false;
    for (const change of changes) {
      if (state === there && since <= to && change.begun >= from) return true;
      if (change.begun <= to && change.done >= from) return true;
      since = change.done;
      state = change.there;
    }
    return state === there && since <= to;
  }
}
