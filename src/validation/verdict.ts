// All that can be known about a recipient, as a closed union, and the reply for each. This is the one place where a verdict
// becomes words for the mail server; where nothing else is certain, the reply is to try again later. No I/O.

import type { Evidence } from './evidence.js';

export type Verdict =
  /** Cyrus would take mail for it. */
  | { readonly kind: 'deliverable' }
  /** Cyrus said, with its witness, that there is no such mailbox; or lmtpd can only refuse the key. */
  | { readonly kind: 'unknown'; readonly evidence?: Evidence }
  /** The mailbox exists and is over its quota. */
  | { readonly kind: 'overquota'; readonly evidence?: Evidence }
  /** Cyrus said 550 5.7.1: a shared mailbox that the sender may not post to. */
  | { readonly kind: 'refused'; readonly evidence?: Evidence }
  /**
   * It is not known now. The reason is for our log and the mail server's log, not for the sender. `unasked` means that Cyrus was
   * not asked, so that another back-channel may be.
   */
  | {
      readonly kind: 'deferred';
      readonly reason: string;
      readonly unasked?: true;
      readonly evidence?: Evidence;
    };

export const DELIVERABLE: Verdict = Object.freeze({ kind: 'deliverable' });
export const UNKNOWN: Verdict = Object.freeze({ kind: 'unknown' });
export const OVERQUOTA: Verdict = Object.freeze({ kind: 'overquota' });
export const REFUSED: Verdict = Object.freeze({ kind: 'refused' });

/** @param reason printable, in lower case; it says what is missing */
export function deferred(reason: string): Verdict {
  return { kind: 'deferred', reason };
}

/** Like `deferred`, where this back-channel cannot ask, so that another one may be asked. */
export function unasked(reason: string): Verdict {
  return { kind: 'deferred', reason, unasked: true };
}

/** Adds evidence to a verdict. A deliverable one carries none, since it is the frequent case. */
export function addEvidence(verdict: Verdict, more: Evidence): Verdict {
  if (verdict.kind === 'deliverable') return verdict;
  return { ...verdict, evidence: { ...verdict.evidence, ...more } };
}

/** The same for the verdicts of one batch. In a flood many of them are one object, and the result is one object too. */
export function evidenceAdder(more: Evidence): (verdict: Verdict) => Verdict {
  let last = UNKNOWN;
  let added = addEvidence(last, more);
  return (verdict) => {
    if (verdict !== last) {
      last = verdict;
      added = addEvidence(verdict, more);
    }
    return added;
  };
}

/** How we came to a verdict, for the log and for `check`. `down` means that nobody could be asked. */
export type Source =
  'rule' | 'known' | 'negative' | 'directory' | 'probe' | 'stale' | 'deadline' | 'routing' | 'down';

/** The socketmap reply: status and text. `PERM` and `TIMEOUT` are never sent (PERM is a 550 in Sendmail). */
export type Reply = {
  readonly status: 'OK' | 'NOTFOUND' | 'TEMP';
  readonly text: string;
};

/** What a map replies to the verdicts for which the administrator has a choice. */
export type ReplyPolicy = {
  readonly overQuota: 'temp' | 'ok' | 'reject';
  readonly refused: 'reject' | 'temp';
};

export const DEFAULT_REPLY_POLICY: ReplyPolicy = Object.freeze({ overQuota: 'temp', refused: 'reject' });

const NOT_FOUND: Reply = Object.freeze({ status: 'NOTFOUND', text: 'Mailbox does not exist' });
const OVER_QUOTA_TEMP: Reply = Object.freeze({ status: 'TEMP', text: 'Over quota' });
const OVER_QUOTA_REJECT: Reply = Object.freeze({ status: 'NOTFOUND', text: 'Over quota' });
const REFUSED_TEMP: Reply = Object.freeze({ status: 'TEMP', text: 'Permission denied' });
const REFUSED_REJECT: Reply = Object.freeze({ status: 'NOTFOUND', text: 'Permission denied' });

/**
 * The reply for a verdict.
 * @param key the key as asked, in latin1: each character is one byte. `OK` always carries the key, since FreeBSD's
 *   mrs_cyrus_user delivers to the value. `%` is doubled, since map_rewrite() of Sendmail's sendmail/map.c
 *   replaces %0 to %9 in it.
 */
export function replyFor(verdict: Verdict, key: string, policy: ReplyPolicy): Reply {
  switch (verdict.kind) {
    case 'deliverable':
      return okReply(key);
    case 'unknown':
      return NOT_FOUND;
    case 'overquota':
      switch (policy.overQuota) {
        case 'temp':
          return OVER_QUOTA_TEMP;
        case 'ok':
          return okReply(key);
        case 'reject':
          return OVER_QUOTA_REJECT;
      }
    case 'refused':
      return policy.refused === 'reject' ? REFUSED_REJECT : REFUSED_TEMP;
    case 'deferred':
      return { status: 'TEMP', text: printable(verdict.reason) };
  }
}

function okReply(key: string): Reply {
  return { status: 'OK', text: key.includes('%') ? key.replaceAll('%', '%%') : key };
}

/** A reason may hold words of a peer, so they are made one short line of printable ASCII, which is never empty. */
function printable(reason: string): string {
  const text = reason.replace(/[^\x20-\x7e]+/g, ' ').slice(0, 200);
  return text.trim() === '' ? 'temporary failure' : text;
}
