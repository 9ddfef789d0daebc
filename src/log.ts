// The log: a line an event, its message a verb, with fixed fields.
import type { Logger } from 'pino';

/** What the parts may do with the log. */
export type Log = Pick<Logger, 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'isLevelEnabled'>;

const nothing = (): void => undefined;

/** For tests and for tools that only print. */
export const silentLog: Log = Object.freeze({
  trace: nothing,
  debug: nothing,
  info: nothing,
  warn: nothing,
  error: nothing,
  fatal: nothing,
  isLevelEnabled: () => false,
});
