// An administrator who does what administrators do to users' mailboxes, at random, each step told when Cyrus has said OK. He
// has names of his own, so that he knows which of them exist.
import type { CyrusContainer } from './cyrus.js';
import type { ImapAdmin } from './imap-admin.js';

const LOCALS = Array.from({ length: 24 }, (_, i) => (i % 3 === 0 ? `first.u${i}` : `u${i}`));
const DOMAINS = ['@example.jp', '@example.net', ''];

/** A step that Cyrus said OK to: whom it touched, and whether he exists now. */
export type Step = { readonly did: string; readonly user: string; readonly exists: boolean };

export class ListAdmin {
  readonly #cyrus: CyrusContainer;
  readonly #names: readonly string[];
  readonly #random: () => number;
  #imap: ImapAdmin | undefined;
  readonly exists = new Set<string>();

  /** @param prefix of all his users' names */
  constructor(cyrus: CyrusContainer, prefix: string, random: () => number) {
    this.#cyrus = cyrus;
    this.#random = random;
    this.#names = LOCALS.flatMap((local) => DOMAINS.map((domain) => `${prefix}${local}${domain}`));
  }

  get names(): readonly string[] {
    return this.#names;
  }

  /** @returns undefined where Cyrus refused it */
  async step(): Promise<Step | undefined> {
    this.#imap ??= await this.#cyrus.admin();
    const user = this.#pick(this.#names);
    const mailbox = `user/${user}`;
    if (!this.exists.has(user)) return this.#command('CREATE', user, `CREATE "${mailbox}"`, true);
    const [local = '', domain = ''] = user.split('@');
    const at = domain === '' ? '' : `@${domain}`;
    switch (Math.floor(this.#random() * 6)) {
      case 0:
        return this.#command('CREATE folder', user, `CREATE "user/${local}/f${this.#number(99)}${at}"`, true);
      case 1:
        return this.#command('SETACL', user, `SETACL "${mailbox}" "some body${this.#number(9)}" lrs`, true);
      case 2:
        return this.#rename(user, this.#pick(this.#names));
      case 3:
        return this.#delete('LOCALDELETE', user);
      default:
        return this.#delete('DELETE', user);
    }
  }

  /** After Cyrus was killed nobody knows what came of the last step. */
  lost(listed: readonly string[]): void {
    this.#imap = undefined;
    this.exists.clear();
    for (const user of listed) if (this.#names.includes(user)) this.exists.add(user);
  }

  async #rename(user: string, to: string): Promise<Step | undefined> {
    if (this.exists.has(to)) return undefined;
    const step = await this.#command('RENAME', user, `RENAME "user/${user}" "user/${to}"`, false);
    if (step !== undefined) this.exists.add(to);
    return step;
  }

  async #delete(how: 'DELETE' | 'LOCALDELETE', user: string): Promise<Step | undefined> {
    await this.#imap?.command(`SETACL "user/${user}" cyrus lrswipkxtecda`);
    return this.#command(how, user, `${how} "user/${user}"`, false);
  }

  async #command(did: string, user: string, line: string, exists: boolean): Promise<Step | undefined> {
    const lines = (await this.#imap?.command(line)) ?? [];
    if (lines.at(-1)?.startsWith('OK') !== true) return undefined;
    if (exists) this.exists.add(user);
    else this.exists.delete(user);
    return { did, user, exists };
  }

  #pick(names: readonly string[]): string {
    return names[Math.floor(this.#random() * names.length)] ?? '';
  }

  #number(below: number): number {
    return Math.floor(this.#random() * below);
  }
}
