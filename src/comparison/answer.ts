// The answer of a socketmap, with what is needed to compare two: what the mail server does with it, and the two reasons that
// smmapd and cyrusmapd give in the same words. No I/O.
import type { SocketmapReply } from '../socketmap/protocol.js';

/** `none`: the connection ended, nothing came in time, or what came was no reply. */
export type AnswerClass = 'OK' | 'NOTFOUND' | 'TEMP' | 'PERM' | 'none';

export type Answer = {
  readonly class: AnswerClass;
  /** What stood after the status; for `none`, what went wrong. */
  readonly text: string;
};

export function answerOf({ status, text }: SocketmapReply): Answer {
  return { class: status === 'TIMEOUT' ? 'TEMP' : status, text };
}

export function noAnswer(why: string): Answer {
  return { class: 'none', text: why };
}

/** Whether it says `Over quota`, which are the words of smmapd and ours too. */
export function isOverQuota({ text }: Answer): boolean {
  return text === 'Over quota';
}

export function isPermissionDenied({ text }: Answer): boolean {
  return text === 'Permission denied';
}

/** Whether the mailbox exists according to the answer, full or not. */
export function saysExists(answer: Answer): boolean {
  return answer.class === 'OK' || isOverQuota(answer);
}

/** Whether a mail server does the same with both answers. The text after NOTFOUND and TEMP is only for its log. */
export function isSame(ours: Answer, other: Answer): boolean {
  if (ours.class !== other.class) return false;
  return ours.class !== 'OK' || ours.text === other.text;
}

export function formatAnswer(answer: Answer): string {
  return answer.class === 'none' ? `no reply: ${answer.text}` : `${answer.class} ${answer.text}`;
}
