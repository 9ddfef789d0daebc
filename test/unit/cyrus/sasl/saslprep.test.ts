import { describe, expect, test } from 'vitest';
import { saslprep } from '../../../../src/cyrus/sasl/saslprep.js';
import { ConfigError } from '../../../../src/errors.js';

describe('the examples of RFC 4013 section 3', () => {
  test.each([
    ['I\u00adX', 'IX'],
    ['user', 'user'],
    ['USER', 'USER'],
    ['\u00aa', 'a'],
    ['\u2168', 'IX'],
  ])('%j is prepared as %j', (text, prepared) => {
    expect(saslprep(text, 'password')).toBe(prepared);
  });

  test.each([
    ['a control character', '\u0007'],
    ['right to left, and not so at its end', '\u0627\u0031'],
  ])('%s is refused', (_, text) => {
    expect(() => saslprep(text, 'password')).toThrow(ConfigError);
  });
});

describe('the tables of RFC 3454', () => {
  test.each([
    ['printable ASCII is left alone', '  p,a=s"s\\w~ ', '  p,a=s"s\\w~ '],
    ['any space becomes a space', 'a\u00a0b\u3000c\u2003d', 'a b c d'],
    ['soft hyphen and joiners vanish', 'a\u200db\ufe0fc\u1806d', 'abcd'],
    ['a letter and its accent become one character', 'Zu\u0308rich', 'Zürich'],
    ['full width becomes plain', '\uff21\uff42\uff11', 'Ab1'],
    ['characters younger than Unicode 3.2 pass', 'p\u{1f511}', 'p\u{1f511}'],
    ['right to left from end to end passes', '\u0627\u0644\u0628', '\u0627\u0644\u0628'],
    ['a single right to left character passes', '\u0627', '\u0627'],
    ['digits between right to left characters pass', '\u06271\u0628', '\u06271\u0628'],
  ])('%s', (_, text, prepared) => {
    expect(saslprep(text, 'password')).toBe(prepared);
  });

  test.each([
    ['DEL', 'a\x7f'],
    ['a C1 control', 'a\u0085'],
    ['a line separator', 'a\u2028'],
    ['a private character', 'a\ue000'],
    ['a character that is none', 'a\ufdd0'],
    ['an unassigned character', 'a\u0378'],
    ['half of a pair', 'a\ud800'],
    ['the replacement character', 'a\ufffd'],
    ['an ideographic description', 'a\u2ff0'],
    ['a direction mark', 'a\u200e'],
    ['a tag', 'a\u{e0041}'],
    ['a Latin letter between right to left ones', '\u0627x\u0628'],
  ])('%s is refused', (_, text) => {
    expect(() => saslprep(text, 'password')).toThrow(/^password .*SASLprep prohibits/);
  });

  test('an error does not tell the text, which may be a password', () => {
    expect(() => saslprep('geheim\u0007', 'password')).not.toThrow(/geheim/);
  });
});
