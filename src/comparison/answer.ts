// What a socketmap answered, as far as it matters to who compares two: what the mail server makes of it, and the two reasons
// that both smmapd and cyrusmapd give in the same words. No I/O.
import type { SocketmapReply } from '../socketmap/protocol.js';

/** `none`: the connection ended, or nothing came in time, or what came was no reply. */
export type AnswerClass = 'OK' | 'NOTFOUND' | 'TEMP' | 'PERM' | 'none';

export type Answer = {
  readonly class: AnswerClass;
  /** Behind the status; of `none` what went wrong. */
  readonly text: string;
};

export function answerOf({ status, text }: SocketmapReply): Answer {
  return { class: status === 'TIMEOUT' ? 'TEMP' : status, text };
}

export function noAnswer(why: string): Answer {
  return { class: 'none', text: why };
}

/** `TEMP Over quota`: in the words of smmapd, and in ours. */
export function isOverQuota({ text }: Answer): boolean {
  return text === 'Over quota';
}

export function isPermissionDenied({ text }: Answer): boolean {
  return text === 'Permission denied';
}

/** Whether the mailbox exists by that answer, full or not. */
export function saysExists(answer: Answer): boolean {
  return answer.class === 'OK' || isOverQuota(answer);
}

/** Whether a mail server does the same with both: the reasons behind NOTFOUND and TEMP are for its log. */
export function isSame(ours: Answer, other: Answer): boolean {
  if (ours.class !== other.class) return false;
  return ours.class !== 'OK' || ours.text === other.text;
}

export function formatAnswer(answer: Answer): string {
  return answer.class === 'none' ? `no reply: ${answer.text}` : `${answer.class} ${answer.text}`;
}
