import { beforeEach, describe, expect, test } from 'vitest';
import { Trace, withoutSecrets } from '../../../../src/cyrus/wire/trace.js';

const SECRET = 'AGN5cnVzAGNvcnJlY3QgaG9yc2U=';

let lines: string[];
let trace: Trace;
beforeEach(() => {
  lines = [];
  trace = new Trace((direction, line) => void lines.push(`${direction} ${line}`));
});

describe('what is shown of a dialogue', () => {
  test('is each line, with its direction', () => {
    trace.received('220 mail LMTP Cyrus', '334 ');
    trace.sent('LHLO localhost');
    trace.secured('TLSv1.3');
    expect(lines).toEqual(['< 220 mail LMTP Cyrus', '> LHLO localhost', '< (TLSv1.3 begins)']);
  });

  test('of a long line is its beginning', () => {
    trace.received('x'.repeat(200), '334 ');
    trace.received('x'.repeat(201), '334 ');
    expect(lines).toEqual([`< ${'x'.repeat(200)}`, `< ${'x'.repeat(200)}...`]);
  });

  test('is nothing where nobody reads along', () => {
    expect(trace.isOn).toBe(true);
    expect(new Trace(undefined).isOn).toBe(false);
    expect(() => new Trace(undefined).sent('NOOP')).not.toThrow();
  });
});

describe.each([
  ['LMTP', 'AUTH SCRAM-SHA-256 ***', '334 '],
  ['IMAP', 'A1 AUTHENTICATE CRAM-MD5', '+ '],
])('a login over %s', (_, command, challenge) => {
  beforeEach(() => trace.beginSecret(command, SECRET));

  test('shows its first words, and masks challenges and responses', () => {
    trace.received(`${challenge}cj1xbWdjdEFj`, challenge);
    trace.sent('c2VjcmV0IHJlc3BvbnNl');
    expect(lines).toEqual([`> ${command}`, `< ${challenge}***`, '> ***']);
  });

  test('shows what is no challenge: how it ended', () => {
    trace.received('235 Authenticated!', challenge);
    expect(lines.at(-1)).toBe('< 235 Authenticated!');
  });

  test('at its end shows again what is said', () => {
    trace.endSecret();
    trace.sent('NOOP');
    trace.received(`${challenge}go ahead`, challenge);
    expect(lines.slice(-2)).toEqual(['> NOOP', `< ${challenge}go ahead`]);
  });

  test.each([
    ['its initial response', SECRET],
    ['its responses', 'c2VjcmV0IHJlc3BvbnNl'],
  ])('does not show %s where the server says it back, then or later', (_name, secret) => {
    trace.sent('c2VjcmV0IHJlc3BvbnNl');
    trace.received(`500 Syntax error near ${secret}`, challenge);
    trace.endSecret();
    trace.received(`500 Syntax error near ${secret.slice(0, 10)}`, challenge);
    expect(lines.slice(-2)).toEqual(['< 500 Syntax error near ***', '< 500 Syntax error near ***']);
  });
});

describe('a text of a peer', () => {
  test.each([
    ['without a secret is left alone', 'all is well', ['12345678'], 'all is well'],
    ['is cut off at the first secret', 'a 12345678 b abcdefgh c', ['abcdefgh', '12345678'], 'a ***'],
    ['that is a secret from its beginning is masked whole', '12345678', ['12345678'], '***'],
    ['is cut off at eight characters of one', 'a 12345678 b', ['123456789'], 'a ***'],
    ['may hold a word that is too short for a secret', 'a 1234567 b', ['1234567'], 'a 1234567 b'],
  ])('%s', (_, text, secrets, shown) => {
    expect(withoutSecrets(text, secrets)).toBe(shown);
  });
});
