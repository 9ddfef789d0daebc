// A slow lmtpd and those who ask it, in a time that passes in small steps once all sockets are quiet: so the figures are
// those of the daemon, whatever machine the test runs on.
import { vi } from 'vitest';
import type { Asker } from '../../src/validation/probe.js';
import { REPLIES } from '../fakes/lmtp-server.js';
import { Rig, turns, type RigOptions } from './lmtp-rig.js';

const RCPT = /^RCPT TO:<([^@]*)@/;
const STEP_MS = 10;

/** What Sendmail makes of a verdict. */
export type Heard = 'OK' | 'NOTFOUND' | 'TEMP';

export type SlowOptions = RigOptions & {
  /** Whether only one lmtpd at a time gets on. */
  readonly sharesDisk?: boolean;
};

export class SlowCyrus {
  readonly rig: Rig;
  /** Local parts on which lmtpd hangs until they are taken away. */
  readonly locked = new Set<string>();
  /** RCPTs that lmtpd has answered. */
  served = 0;
  readonly #unlocked: (() => void)[] = [];
  #disk: Promise<void> = Promise.resolve();

  private constructor(rig: Rig, rcptMs: number, sharesDisk: boolean) {
    this.rig = rig;
    rig.lmtpd.buffering = true;
    rig.lmtpd.override = (command, usual) => {
      const local = RCPT.exec(command)?.[1];
      if (local === undefined) return undefined;
      return this.#serve(local, rcptMs, sharesDisk).then(() => usual);
    };
  }

  /**
   * @param rcptMs that lmtpd takes for each recipient
   */
  static async start(rcptMs: number, options: SlowOptions = {}): Promise<SlowCyrus> {
    return new SlowCyrus(await Rig.start(options), rcptMs, options.sharesDisk === true);
  }

  /** Makes mailboxes that exist. */
  make(...locals: readonly string[]): void {
    for (const local of locals) this.rig.lmtpd.mailboxes.set(`${local}@example.jp`, REPLIES.deliverable);
  }

  unlock(): void {
    this.locked.clear();
    for (const go of this.#unlocked.splice(0)) go();
  }

  async ask(local: string, asker?: Asker): Promise<Heard> {
    const { verdict } = await this.rig.validator.ask(`${local}@example.jp`, 'inbox', asker);
    switch (verdict.kind) {
      case 'deliverable':
        return 'OK';
      case 'unknown':
        return 'NOTFOUND';
      case 'overquota':
      case 'refused':
      case 'deferred':
        return 'TEMP';
    }
  }

  /** @param each is called after each step, with the milliseconds that have passed */
  async pass(ms: number, each: (passedMs: number) => void = () => undefined): Promise<void> {
    for (let passed = STEP_MS; passed <= ms; passed += STEP_MS) {
      await vi.advanceTimersByTimeAsync(STEP_MS);
      await turns();
      each(passed);
    }
  }

  async #serve(local: string, rcptMs: number, sharesDisk: boolean): Promise<void> {
    const before = sharesDisk ? this.#disk : Promise.resolve();
    const served = before.then(() => this.#work(local, rcptMs));
    if (sharesDisk) this.#disk = served;
    await served;
    this.served += 1;
  }

  async #work(local: string, rcptMs: number): Promise<void> {
    if (rcptMs > 0) await new Promise<void>((resolve) => setTimeout(resolve, rcptMs));
    if (this.locked.has(local)) await new Promise<void>((resolve) => this.#unlocked.push(resolve));
  }
}
