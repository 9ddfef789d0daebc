// SASLprep (RFC 4013) gives a name or password the one form that both sides of SCRAM hash. It is a profile of stringprep
// (RFC 3454), whose tables are named beside each set below. Strings count as "stored", so unassigned characters are prohibited.
// Which are unassigned is judged by Node's version of Unicode, not by 3.2: so newer characters are allowed. No I/O.
import { ConfigError } from '../../errors.js';

const PRINTABLE_ASCII = /^[\x20-\x7e]*$/;

/** Table C.1.2: these become a space. */
const SPACES = /[\u00a0\u1680\u2000-\u200b\u202f\u205f\u3000]/gu;
/** Table B.1: these are removed. */
const NOTHINGS = /\u00ad|\u034f|\u1806|[\u180b-\u180d]|\u200c|\u200d|\u2060|[\ufe00-\ufe0f]|\ufeff/gu;

const PROHIBITED = new RegExp(
  [
    '[\\u00a0\\u1680\\u2000-\\u200b\\u202f\\u205f\\u3000]', // C.1.2, where NFKC made one
    '[\\u0000-\\u001f\\u007f]', // C.2.1
    '[\\u0080-\\u009f\\u06dd\\u070f\\u180e\\u200c\\u200d\\u2028\\u2029\\u2060-\\u2063\\u206a-\\u206f]', // C.2.2
    '[\\ufeff\\ufff9-\\ufffc\\u{1d173}-\\u{1d17a}]', // C.2.2
    '\\p{Co}|\\p{Cn}|\\p{Cs}', // C.3; C.4 and A.1; C.5
    '[\\ufff9-\\ufffd\\u2ff0-\\u2ffb]', // C.6, C.7
    '[\\u0340\\u0341\\u200e\\u200f\\u202a-\\u202e\\u206a-\\u206f]', // C.8
    '[\\u{e0001}\\u{e0020}-\\u{e007f}]', // C.9
  ].join('|'),
  'u',
);

/** Table D.1: characters that are written from right to left. */
const RIGHT_TO_LEFT =
  '[\\u05be\\u05c0\\u05c3\\u05d0-\\u05ea\\u05f0-\\u05f4\\u061b\\u061f\\u0621-\\u063a\\u0640-\\u064a' +
  '\\u066d-\\u066f\\u0671-\\u06d5\\u06dd\\u06e5\\u06e6\\u06fa-\\u06fe\\u0700-\\u070d\\u0710\\u0712-\\u072c' +
  '\\u0780-\\u07a5\\u07b1\\u200f\\ufb1d\\ufb1f-\\ufb28\\ufb2a-\\ufb36\\ufb38-\\ufb3c\\ufb3e\\ufb40\\ufb41' +
  '\\ufb43\\ufb44\\ufb46-\\ufbb1\\ufbd3-\\ufd3d\\ufd50-\\ufd8f\\ufd92-\\ufdc7\\ufdf0-\\ufdfc\\ufe70-\\ufe74' +
  '\\ufe76-\\ufefc]';
const HAS_RIGHT_TO_LEFT = new RegExp(RIGHT_TO_LEFT, 'u');
const FRAMED_BY_RIGHT_TO_LEFT = new RegExp(`^${RIGHT_TO_LEFT}(?:.*${RIGHT_TO_LEFT})?$`, 'su');
/** We test for letters instead of table D.2: nobody can type its other characters in a password. */
const HAS_LEFT_TO_RIGHT = new RegExp(`(?!${RIGHT_TO_LEFT})\\p{L}`, 'u');

/**
 * @param name what the text is, for the error. The text itself may be a secret, so the error does not contain it
 * @throws ConfigError where the text holds what RFC 4013 prohibits
 */
export function saslprep(text: string, name: string): string {
  if (PRINTABLE_ASCII.test(text)) return text;
  const prepared = text.replace(SPACES, ' ').replace(NOTHINGS, '').normalize('NFKC');
  if (PROHIBITED.test(prepared)) {
    throw new ConfigError(`${name} has a character that SASLprep prohibits: see RFC 4013 section 2.3`);
  }
  if (HAS_RIGHT_TO_LEFT.test(prepared)) {
    if (HAS_LEFT_TO_RIGHT.test(prepared) || !FRAMED_BY_RIGHT_TO_LEFT.test(prepared)) {
      throw new ConfigError(
        `${name} mixes characters of both writing directions: SASLprep prohibits it, see RFC 4013 section 2.4`,
      );
    }
  }
  return prepared;
}
