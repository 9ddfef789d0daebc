// A log that keeps its lines, for tests of what is told and how often.
import type { Log } from '../../src/log/verb.js';

export function recordingLog(): { readonly log: Log; readonly lines: object[] } {
  const lines: object[] = [];
  const add = (fields: object): void => void lines.push(fields);
  const levels = { trace: add, debug: add, info: add, warn: add, error: add, fatal: add };
  return { log: { ...levels, isLevelEnabled: () => true }, lines };
}
