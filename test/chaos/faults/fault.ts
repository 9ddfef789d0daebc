// What a row of the table of faults is: something that is done to one part of a stack, and undone after a while. No I/O.
import type { Random } from '../random.js';
import type { Stack } from '../stack.js';

export type Fault = {
  readonly name: string;
  /** Whom it hits. What hits Cyrus hits smmapd as well. */
  readonly part: 'Cyrus' | 'the wire' | 'the daemon' | 'its host' | 'the mail server';
  /** Whether a stack has what it is about. */
  readonly suits?: (stack: Stack) => boolean;
  /** Milliseconds that it lasts, least and most. */
  readonly lasts: readonly [number, number];
  /** Somebody who answers stands still: what waits for him is late by that. */
  readonly stops?: boolean;
  /** Cyrus' list is not what the administrator made it: he has to rest, and what he made is in doubt. */
  readonly list?: boolean;
  /** Not in the short form: more than 30 s. */
  readonly long?: boolean;
  /** @returns what ends it; it is over when that resolves */
  readonly begin: (stack: Stack, random: Random) => Promise<() => Promise<void> | void>;
};
