// What Cyrus' events do to what we remember: a mailbox that changed is forgotten, one over its quota is marked, and after a gap all
// earlier answers are outdated. A gap is an event that may have been lost or was not understood. No I/O.
import type { EventEffects } from './event-receiver.js';
import type { DlistForwarder } from './dlist-forwarder.js';
import type { ExpectedServers } from './expected-servers.js';
import type { GapLog } from './gap-log.js';
import type { EventsProof } from '../../validation/events-proof.js';

/** The part of the validator that events may change. */
interface Remembered {
  forget(mailbox: string): void;
  /** We may have missed changes. */
  missed(): void;
  markOverQuota(mailbox: string): void;
}

export type EffectParts = {
  readonly remembered: Remembered;
  /** Whether Cyrus was configured to push quota events. Where it was not, one that comes is a stranger's, and is ignored. */
  readonly quota: boolean;
  readonly servers: ExpectedServers;
  readonly gaps: GapLog;
  readonly forwarder: DlistForwarder | undefined;
  /** The proof of the back-channels whose Cyrus pushes these events. */
  readonly proof: EventsProof;
  /** Monotonic milliseconds. */
  readonly now: () => number;
  /**
   * Tells other machines, if there are any. @param mailboxes undefined where any mailbox may have changed
   * @param waits whether Cyrus waits for the other machines @returns a promise for which it must wait then
   */
  readonly publish: (mailboxes: readonly string[] | undefined, waits: boolean) => Promise<void> | undefined;
  /** Called after everything is outdated. */
  readonly onGap: () => void;
};

/**
 * Events that change whether a mailbox exists; administrators cause them, who can wait. Others may come from a delivery, which must
 * not wait. Nobody waits for AclChange either: rights decide about shared mailboxes only, and no answer about those is remembered.
 */
const WAITING: ReadonlySet<string> = new Set(['MailboxCreate', 'MailboxDelete', 'MailboxRename']);

export function eventEffects(parts: EffectParts): EventEffects {
  const { remembered, quota, servers, gaps, forwarder, proof, now, publish, onGap } = parts;
  return {
    forget: (mailbox) => remembered.forget(mailbox),
    markOverQuota: (mailbox) => {
      if (quota) remembered.markOverQuota(mailbox);
    },
    expects: (server) => servers.includes(server),
    gap: (reason) => {
      proof.gap(now());
      remembered.missed();
      void publish(undefined, false);
      gaps.add(reason);
      onGap();
    },
    handOn: (command) => forwarder?.handOn(command),
    tell: (mailboxes, event) => publish(mailboxes, WAITING.has(event)),
  };
}
