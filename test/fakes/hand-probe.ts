// A probe whose questions are answered by hand: what was asked, in order, and what becomes of each answer.
import type { Asker, Probe } from '../../src/validation/probe.js';
import type { Recipient } from '../../src/validation/recipient.js';
import type { Verdict } from '../../src/validation/verdict.js';

export type HandQuestion = {
  readonly address: string;
  readonly messageBytes: number | undefined;
  readonly deadline: number;
  readonly asker: Asker | undefined;
  answer(verdict: Verdict): void;
  fail(error: Error): void;
};

export class HandProbe implements Probe {
  readonly name: string;
  acceptsEightBit = false;
  seesFolders = false;
  judgesSize = false;
  /** All questions so far. */
  readonly questions: HandQuestion[] = [];

  constructor(name = 'hand') {
    this.name = name;
  }

  /** The addresses of all questions so far. */
  get asked(): string[] {
    return this.questions.map(({ address }) => address);
  }

  check({ address, messageBytes }: Recipient, deadline: number, asker?: Asker): Promise<Verdict> {
    return new Promise((answer, fail) =>
      this.questions.push({ address, messageBytes, deadline, asker, answer, fail }),
    );
  }

  /** The latest question about an address. */
  question(address: string): HandQuestion {
    const question = this.questions.findLast((each) => each.address === address);
    if (question === undefined) throw new Error(`nobody asked about ${address}`);
    return question;
  }

  answer(address: string, verdict: Verdict): void {
    this.question(address).answer(verdict);
  }

  drain(): Promise<void> {
    return Promise.resolve();
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}
