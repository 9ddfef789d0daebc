// What Cyrus' events do to what is remembered: a mailbox that changed is forgotten, one over its quota is marked, and at a
// gap everything is forgotten. No I/O.
import type { EventEffects } from './event-receiver.js';
import type { DlistForwarder } from './dlist-forwarder.js';
import type { GapLog } from './gap-log.js';

/** What of the validator is at an event's command. */
export interface Remembered {
  forget(mailbox: string): void;
  forgetAll(): void;
  markOverQuota(mailbox: string): void;
}

export type EffectParts = {
  readonly remembered: Remembered;
  /** Where Cyrus was not told to push quota events, nobody but a stranger sends one. */
  readonly quota: boolean;
  readonly gaps: GapLog;
  readonly forwarder: DlistForwarder | undefined;
  /** Called after everything is forgotten. */
  readonly onGap: () => void;
};

export function eventEffects({ remembered, quota, gaps, forwarder, onGap }: EffectParts): EventEffects {
  return {
    forget: (mailbox) => remembered.forget(mailbox),
    markOverQuota: (mailbox) => {
      if (quota) remembered.markOverQuota(mailbox);
    },
    gap: (reason) => {
      remembered.forgetAll();
      gaps.add(reason);
      onGap();
    },
    handOn: (command) => forwarder?.handOn(command),
  };
}
