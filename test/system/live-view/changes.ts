// Random changes by administrators, and what a lookup may answer about a name that they change: what held when the
// lookup started, or what a change brings that was under way meanwhile. Anything else is a violation.
import type { ImapAdmin } from '../../containers/imap-admin.js';

const NAMES_EACH = 12;
/** Rights of Cyrus' administrator that DELETE needs. */
const ALL_RIGHTS = 'lrswipkxtecdan';

type Name = {
  readonly address: string;
  exists: boolean;
  /** What a change that is under way would make of it. */
  coming: boolean | undefined;
  /** Raised when a change begins. */
  begun: number;
};

export class Changes {
  readonly #limit: number;
  readonly #names: readonly (readonly Name[])[];
  #begun = 0;
  #running = 0;
  readonly #refused = new Map<string, number>();
  /** Changes that Cyrus has made. */
  made = 0;
  /** Lookups that could be judged by one state alone. */
  checked = 0;
  /** Lookups that may have seen a change either way. */
  undecided = 0;
  /** Of the undecided ones. */
  deferred = 0;
  readonly violations: string[] = [];

  /** @param owners who change names of their own at the same time */
  constructor(limit: number, owners: number) {
    this.#limit = limit;
    this.#names = Array.from({ length: owners }, (_, owner) =>
      Array.from({ length: NAMES_EACH }, (_, i) => ({
        address: `z${owner}-${i}@example.jp`,
        exists: false,
        coming: undefined,
        begun: 0,
      })),
    );
  }

  get finished(): boolean {
    return this.#begun >= this.#limit && this.#running === 0;
  }

  summary(): string {
    const refused = JSON.stringify(Object.fromEntries(this.#refused));
    return (
      `${this.made} changes (refused: ${refused}), ${this.checked} lookups judged, ` +
      `${this.undecided} during a change, ${this.deferred} of these TEMP, ${this.violations.length} violations`
    );
  }

  /** Changes the names of one owner until the limit. */
  async make(admin: ImapAdmin, owner: number): Promise<void> {
    const names = this.#names[owner] ?? [];
    this.#running += 1;
    while (this.#begun < this.#limit) {
      this.#begun += 1;
      await this.#change(admin, names);
    }
    this.#running -= 1;
  }

  /** Asks about a random name, and judges the answer. */
  async check(ask: (key: string) => Promise<string>): Promise<void> {
    const name = pick(this.#names.flat());
    if (name === undefined) return;
    const before = { exists: name.exists, coming: name.coming, begun: name.begun };
    const status = await ask(name.address);
    const { exists, coming, begun } = before;
    const alone = coming === undefined && name.begun === begun;
    if (alone) this.checked += 1;
    else this.undecided += 1;
    if (status === (exists ? 'OK' : 'NOTFOUND')) return;
    if (!alone && status === 'TEMP') this.deferred += 1;
    if (!alone) return;
    this.violations.push(`${name.address} ${exists ? 'exists' : 'does not exist'}: ${status}`);
  }

  async #change(admin: ImapAdmin, names: readonly Name[]): Promise<void> {
    const there = names.filter(({ exists }) => exists);
    const absent = names.filter(({ exists }) => !exists);
    const [one, other] = [pick(there), pick(absent)];
    const dice = Math.random();
    if (one === undefined || (other !== undefined && dice < 0.3)) {
      if (other !== undefined) await this.#run(admin, `CREATE ${quoted(other)}`, [[other, true]]);
    } else if (other !== undefined && dice < 0.5) {
      await this.#run(admin, `RENAME ${quoted(one)} ${quoted(other)}`, [
        [one, false],
        [other, true],
      ]);
    } else if (dice < 0.75) {
      await this.#run(admin, `SETQUOTA ${quoted(one)} (STORAGE ${100_000 + Math.floor(dice * 1e6)})`, [
        [one, true],
      ]);
    } else {
      await this.#run(admin, `SETACL ${quoted(one)} cyrus ${ALL_RIGHTS}`, []);
      await this.#run(admin, `DELETE ${quoted(one)}`, [[one, false]]);
    }
  }

  /** @param brings what each name is then, if Cyrus does not refuse */
  async #run(
    admin: ImapAdmin,
    command: string,
    brings: readonly (readonly [Name, boolean])[],
  ): Promise<void> {
    for (const [name, coming] of brings) {
      name.coming = coming;
      name.begun += 1;
    }
    const answer = (await admin.command(command)).at(-1) ?? '';
    const ok = answer.startsWith('OK');
    for (const [name, coming] of brings) {
      if (ok) name.exists = coming;
      name.coming = undefined;
    }
    if (ok) this.made += brings.length > 0 ? 1 : 0;
    else this.#refused.set(answer, (this.#refused.get(answer) ?? 0) + 1);
  }
}

function pick<T>(items: readonly T[]): T | undefined {
  return items[Math.floor(Math.random() * items.length)];
}

function quoted({ address }: Name): string {
  return `"user/${address}"`;
}
