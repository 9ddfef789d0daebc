// What sendmail -bv says of a recipient, read, and held against the reply to RCPT. No I/O.

import { hasMailbox } from './generate.js';

export interface Answer {
  readonly number: number;
  readonly recipient: string;
  /** The reply to RCPT. */
  readonly reply: string;
  /** The lines of `sendmail -v -bv`. */
  readonly verified: readonly string[];
}

/** Of what the script `run` has printed. */
export function readAnswers(output: string): Answer[] {
  return output
    .split(/^== /m)
    .slice(1)
    .map((block) => {
      const [head = '', reply = '', , ...verified] = block.split(/\r?\n/);
      const space = head.indexOf(' ');
      const recipient = head.slice(space + 1);
      return { number: Number(head.slice(0, space)), recipient, reply, verified: verified.filter(Boolean) };
    });
}

/** Where the mail would end. */
interface End {
  readonly mailer: string;
  readonly user: string;
}

function endsOf({ verified }: Answer): End[] {
  return verified.flatMap((line) => {
    const [, mailer, user] = /\.\.\. deliverable: mailer ([^,]+),.* user (.*)$/.exec(line) ?? [];
    return mailer === undefined || user === undefined ? [] : [{ mailer, user }];
  });
}

/** cyrusv2 gives lmtpd the user alone. */
function arrives({ mailer, user }: End): boolean {
  if (mailer === 'cyrusv2d') return hasMailbox(user.includes('@') ? user : `${user}@mx.mail.test`);
  return mailer !== 'cyrusv2' || hasMailbox(user.replace(/@.*/, ''));
}

export type Judgement =
  'right' | 'wrongly refused' | 'wrongly accepted' | 'wrongly deferred' | 'accepted as an alias';

/** An alias is accepted whatever is behind it: Sendmail looks behind it after RCPT only. */
export function judge(answer: Answer): Judgement {
  const ends = endsOf(answer);
  const alias = answer.verified.some((line) => line.includes('aliased to'));
  if (answer.reply.startsWith('250')) {
    if (ends.some(arrives)) return 'right';
    return alias ? 'accepted as an alias' : 'wrongly accepted';
  }
  if (!answer.reply.startsWith('5')) return 'wrongly deferred';
  // Entries that lead in a circle: Sendmail gives up at RCPT, and -bv goes on with what it has by then.
  const circle = answer.verified.some((line) => line.includes('excessive recursion'));
  if (circle && /^55[34] /.test(answer.reply)) return 'right';
  return ends.some(arrives) || alias ? 'wrongly refused' : 'right';
}
