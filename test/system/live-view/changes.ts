// Random changes by administrators, and what a lookup may answer about a name that they change: what held when the
// lookup started, or what a change brings that was under way meanwhile. Anything else is a violation.
import type { ImapAdmin } from '../../containers/imap-admin.js';

const NAMES_EACH = 12;
/** Rights of Cyrus' administrator that DELETE needs. */
const ALL_RIGHTS = 'lrswipkxtecdan';

/** What is to be answered: `TEMP` for a mailbox over its quota. */
type Status = 'OK' | 'NOTFOUND' | 'TEMP';

type Name = {
  readonly address: string;
  status: Status;
  /** Whether a change is under way. */
  changing: boolean;
  /** Changes that were begun. */
  changes: number;
};

export class Changes {
  readonly #limit: number;
  readonly #overQuota: boolean;
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
  readonly violations: string[] = [];

  /**
   * @param prefix of all names; nobody else has such
   * @param owners who change names of their own at the same time
   * @param overQuota whether SETQUOTA may put a mailbox over its quota. Where quota events are on, asking lmtpd about such
   *   a one ends it, and SETQUOTA that lifts it out of there ends imapd: so it stays there until it is deleted
   */
  constructor(prefix: string, limit: number, owners: number, overQuota: boolean) {
    this.#limit = limit;
    this.#overQuota = overQuota;
    this.#names = Array.from({ length: owners }, (_, owner) =>
      Array.from({ length: NAMES_EACH }, (_, i) => ({
        address: `${prefix}${owner}-${i}@example.jp`,
        status: 'NOTFOUND' as const,
        changing: false,
        changes: 0,
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
      `${this.undecided} during a change, ${this.violations.length} violations`
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
    const { status: expected, changing, changes } = name;
    const status = await ask(name.address);
    if (changing || name.changes !== changes) {
      this.undecided += 1;
      return;
    }
    this.checked += 1;
    if (status !== expected) this.violations.push(`${name.address}: ${status} in the place of ${expected}`);
  }

  async #change(admin: ImapAdmin, names: readonly Name[]): Promise<void> {
    const one = pick(names.filter(({ status }) => status !== 'NOTFOUND'));
    const absent = pick(names.filter(({ status }) => status === 'NOTFOUND'));
    const dice = Math.random();
    if (absent !== undefined && (one === undefined || dice < 0.3)) {
      await this.#run(admin, `CREATE ${quoted(absent)}`, [[absent, 'OK']]);
    } else if (absent !== undefined && one !== undefined && dice < 0.5) {
      const renamed = [[one, 'NOTFOUND'] as const, [absent, one.status] as const];
      await this.#run(admin, `RENAME ${quoted(one)} ${quoted(absent)}`, renamed);
    } else if (one?.status === 'OK' && dice < 0.75) {
      const over = this.#overQuota && dice < 0.65;
      const limits = `(STORAGE ${100_000 + Math.floor(dice * 1e6)} MESSAGE ${over ? 0 : 1000})`;
      await this.#run(admin, `SETQUOTA ${quoted(one)} ${limits}`, [[one, over ? 'TEMP' : 'OK']]);
    } else if (one !== undefined) {
      await this.#run(admin, `SETACL ${quoted(one)} cyrus ${ALL_RIGHTS}`, []);
      await this.#run(admin, `DELETE ${quoted(one)}`, [[one, 'NOTFOUND']]);
    }
  }

  /** @param brings what each name is then, if Cyrus does not refuse */
  async #run(admin: ImapAdmin, command: string, brings: readonly (readonly [Name, Status])[]): Promise<void> {
    for (const [name] of brings) {
      name.changing = true;
      name.changes += 1;
    }
    const answer = (await admin.command(command)).at(-1) ?? '';
    const ok = answer.startsWith('OK');
    for (const [name, status] of brings) {
      if (ok) name.status = status;
      name.changing = false;
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
