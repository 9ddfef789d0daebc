// Responses of imapd without a tag (RFC 3501 section 7), which may come at any time. Some of them must not stand in an answer:
// here is which, and what is thrown for them. No I/O.
import { ProtocolError, UnavailableError } from '../../errors.js';
import type { ImapResponse } from './response.js';

/** How many untagged responses one command other than LIST may have. GETQUOTAROOT has one, and one for each quota root. */
export const IMAP_DATA_MAX = 100;

/** @throws UnavailableError at a BYE, ProtocolError at a response that must not stand in an answer */
export function untagged(response: ImapResponse): ImapResponse {
  if (response.kind === 'continuation') throw new ProtocolError('imapd asked to go on with nothing');
  if (response.kind !== 'status') return response;
  switch (response.status) {
    case 'BYE':
      throw said(response);
    case 'BAD':
    case 'PREAUTH':
      throw new ProtocolError(`imapd said ${response.status} ${response.text}`);
    case 'OK':
    case 'NO':
      return response;
  }
}

export function said(response: ImapResponse): UnavailableError {
  const text = response.kind === 'status' ? response.text : '';
  return new UnavailableError(`imapd said BYE ${text}`);
}

export function outOfTurn(tag: string, expected: string | undefined): ProtocolError {
  return new ProtocolError(`imapd answered ${tag}: expected the answer to ${expected ?? 'nothing'}`);
}
