import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { cut, CUT_MAX_BYTES, escapeObeyed } from '../../../src/log/cut.js';
import { silentLog } from '../../../src/log/log.js';
import { notfound } from '../../../src/log/verbs/lookups.js';

describe('what a stranger wrote', () => {
  test.each([
    ['alice@example.jp', 'alice@example.jp'],
    ['x'.repeat(256), 'x'.repeat(256)],
    ['x'.repeat(10_000), `${'x'.repeat(256)}... (10000 bytes)`],
    ['é'.repeat(200), `${'é'.repeat(128)}... (400 bytes)`],
    [`x${'é'.repeat(200)}`, `x${'é'.repeat(127)}... (401 bytes)`],
  ])('%s is shown as far as it helps', (text, shown) => expect(cut(text)).toBe(shown));

  test('is never longer than that, and whole where it is short', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 300 }), (text) => {
        const shown = cut(text);
        expect(Buffer.byteLength(shown)).toBeLessThan(CUT_MAX_BYTES + 30);
        if (Buffer.byteLength(text) <= CUT_MAX_BYTES) expect(shown).toBe(text);
      }),
    );
  });

  test('is cut in every verb, and other fields are not', () => {
    const lines: object[] = [];
    const long = 'x'.repeat(10_000);
    const fields = { map: long, key: long, verdict: long, source: 'probe', ms: 1 };
    notfound({ ...silentLog, info: (line) => void lines.push(line) }, fields);
    const shown = `${'x'.repeat(256)}... (10000 bytes)`;
    expect(lines).toEqual([{ event: 'notfound', ...fields, map: shown, key: shown }]);
  });
});

describe('a line', () => {
  test.each(['\u007f', '\u0085', '\u009b', '\u200e', '\u2028', '\u2029', '\u202e', '\u2066', '\ufeff'])(
    'has no %j as it is',
    (character) => {
      const line = JSON.stringify({ key: `a${character}b` });
      expect(escapeObeyed(line)).toMatch(/^\{"key":"a\\u[0-9a-f]{4}b"\}$/);
      expect(JSON.parse(escapeObeyed(line))).toEqual({ key: `a${character}b` });
    },
  );

  test('keeps what can be read', () => {
    const line = JSON.stringify({ key: '日本語 é ñ 😀' });
    expect(escapeObeyed(line)).toBe(line);
  });
});
