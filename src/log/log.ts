// The log: pino, a line an event, with a verb, fixed fields and the time in ISO 8601.
// Writes to a file or to standard error, by log-file.ts.
import { write } from 'node:fs';
import type { LogConfig } from '../config/config.js';
import { ConfigError, messageOf } from '../errors.js';
import { ByteLimit } from './byte-limit.js';
import { formatterOf } from './format.js';
import { LogFile } from './log-file.js';
import type { Log } from './verb.js';
import { logLimited, logResumed } from './verbs/log.js';

export type { Log };

export type LogHandle = {
  readonly log: Log;
  /** Opens the file anew: after a rotation, or with a new level or path. Where that fails it is told, and the old file is kept. */
  readonly reopen: (config: LogConfig) => void;
  /** Before the process ends: resolves when everything is written, or after a second. */
  readonly flush: () => Promise<void>;
};

const FLUSH_TIMEOUT_MS = 1000;

/** @throws ConfigError where the file cannot be opened */
export async function createLog(config: LogConfig): Promise<LogHandle> {
  const { pino, stdTimeFunctions } = await import('pino');
  const file = open(config, {
    trouble: (what) => tellOperator(config, what),
    resumed: (dropped) => logResumed(log, { dropped }),
  });
  let format = formatterOf(config);
  const limit = new ByteLimit(
    config.maxBytesPerSecond,
    () => performance.now(),
    (dropped) => logLimited(log, { dropped }),
  );
  const log = pino(
    {
      level: config.level,
      base: null,
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: (level) => ({ level }) },
    },
    { write: (line) => void (limit.takes(line) && file.write(format(line))) },
  );
  return {
    log,
    reopen: (next) => {
      log.level = next.level;
      format = formatterOf(next);
      limit.maxPerSecond = next.maxBytesPerSecond;
      file.reopen(next.file);
    },
    flush: () => file.flush(FLUSH_TIMEOUT_MS),
  };
}

function open(config: LogConfig, alarm: Parameters<typeof LogFile.open>[2]): LogFile {
  try {
    return LogFile.open(config.file, config.maxPendingBytes, alarm);
  } catch (error) {
    throw new ConfigError(`log.file is ${JSON.stringify(config.file)}: ${messageOf(error)}`, {
      cause: error,
    });
  }
}

/** Tells on standard error that the log file is in trouble. Where the log is standard error, there is nobody left to tell. */
function tellOperator({ file }: LogConfig, what: string): void {
  if (file === undefined) return;
  // Not process.stderr.write(): where its reader is gone that emits an error that nobody handles.
  write(process.stderr.fd, `cyrusmapd: ${file}: ${what}\n`, () => undefined);
}

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
