// Sessions of Sendmail's kind straight at the daemon's socket, where its reply can be timed without a mail server between; and the
// question whether it is back after a fault.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Endpoint } from '../../src/net/endpoint.js';
import { SendmailSession } from '../flood/sendmail-session.js';
import type { Judge, Said } from './judge.js';
import type { Random } from './random.js';
import type { Truth } from './truth.js';

const QUESTIONS_A_SESSION = 40;
const ATTEMPT_EVERY_MS = 50;
/** After that it does not come back. */
const PATIENCE_MS = 60_000;

export async function keepAsking(
  endpoint: Endpoint,
  truth: Truth,
  judge: Judge,
  random: Random,
  going: () => boolean,
): Promise<void> {
  while (going()) {
    const session = new SendmailSession(endpoint);
    for (let i = 0; i < QUESTIONS_A_SESSION && going(); i++) {
      const someone = truth.someone(random);
      const sent = performance.now();
      const { said: words } = await session.ask(someone.address);
      judge.hear({ someone, said: saidOf(words), words, sent, turn: sent, answered: performance.now() });
      await sleep(random.between(5, 60));
    }
    session.end();
  }
}

function saidOf(words: string): Said {
  if (words.startsWith('OK ')) return 'yes';
  if (words.startsWith('NOTFOUND ')) return 'no';
  return words.startsWith('TEMP ') ? 'deferred' : 'lost';
}

/** Milliseconds until who exists is OK and who never did NOTFOUND, for a session that begins after the fault. */
export async function untilBack(endpoint: Endpoint, truth: Truth, random: Random): Promise<number> {
  const began = performance.now();
  let back: number | undefined;
  const attempts: Promise<void>[] = [];
  while (back === undefined && performance.now() - began < PATIENCE_MS) {
    attempts.push(
      attempt(endpoint, truth, random).then((good) => {
        if (good) back ??= performance.now() - began;
      }),
    );
    await sleep(ATTEMPT_EVERY_MS);
  }
  await Promise.all(attempts);
  return back ?? Infinity;
}

async function attempt(endpoint: Endpoint, truth: Truth, random: Random): Promise<boolean> {
  const session = new SendmailSession(endpoint);
  const nobody = await session.ask(truth.nobody(random).address);
  const somebody = nobody.said.startsWith('NOTFOUND ') ? await session.ask(random.pick(truth.stays)) : nobody;
  session.end();
  return somebody.said.startsWith('OK ');
}
