import { fstatSync } from 'node:fs';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { formatterOf } from '../../../src/log/format.js';

const LINE = `${JSON.stringify({
  level: 'warn',
  time: '2026-11-28T10:00:00.000Z',
  event: 'closed',
  reason: 'protocol error',
  peer: '192.0.2.1',
  more: 3,
  error: 'x\u009b2J\ny',
  msg: 'A connection was closed by us.',
})}\n`;

afterEach(() => vi.unstubAllEnvs());

describe('a line of the log', () => {
  test('is JSON for programs', () => {
    const written = formatterOf({ format: 'json', file: undefined })(LINE);
    expect(JSON.parse(written)).toEqual(JSON.parse(LINE));
    expect(written).toContain('x\\u009b2J\\ny');
  });

  test('is text for people, one line, whatever stands in it', () => {
    expect(formatterOf({ format: 'text', file: undefined })(LINE)).toBe(
      '2026-11-28T10:00:00.000Z warn closed: A connection was closed by us. ' +
        'reason="protocol error" peer=192.0.2.1 more=3 error="x\\u009b2J\\ny"\n',
    );
  });

  test('is text with its priority for journald', () => {
    expect(formatterOf({ format: 'journal', file: undefined })(LINE)).toMatch(/^<4>closed: A connection/);
  });
});

describe('the format "auto"', () => {
  const isJson = (file?: string): boolean => formatterOf({ format: 'auto', file })(LINE).startsWith('{');

  test('is JSON in a file, also under journald, and where nobody knows who reads', () => {
    vi.stubEnv('JOURNAL_STREAM', undefined);
    expect(isJson()).toBe(!process.stderr.isTTY);
    stubJournal();
    expect(isJson('/var/log/cyrusmapd.log')).toBe(true);
  });

  test.skipIf(process.stderr.isTTY)(
    'is that of journald where it reads standard error, and only there',
    () => {
      stubJournal();
      expect(formatterOf({ format: 'auto', file: undefined })(LINE)).toMatch(/^<4>/);
      vi.stubEnv('JOURNAL_STREAM', '1:1');
      expect(isJson()).toBe(true);
    },
  );
});

function stubJournal(): void {
  const { dev, ino } = fstatSync(process.stderr.fd, { bigint: true });
  vi.stubEnv('JOURNAL_STREAM', `${dev}:${ino}`);
}
