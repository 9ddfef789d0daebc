// Carries a login over IMAP: AUTHENTICATE (RFC 3501 section 6.2.2), with the first response on the same line where imapd allows it
// (RFC 4959). The trace masks what is secret. I/O through the connection.
import { ProtocolError } from '../../errors.js';
import type { Carrier, SaslReply } from '../sasl/exchange.js';
import type { Connection } from '../wire/connection.js';
import type { Trace } from '../wire/trace.js';
import { authenticate } from './command.js';
import type { ImapResponse } from './response.js';
import { IMAP_DATA_MAX, outOfTurn, untagged } from './untagged.js';

/**
 * @param tag the tag of the AUTHENTICATE command
 * @param takesInitialResponse whether SASL-IR is among the capabilities
 * @param timeoutMs for each step
 * @param ended called with the text of imapd's tagged response
 */
export function saslCarrier(
  connection: Connection<ImapResponse>,
  trace: Trace,
  tag: string,
  takesInitialResponse: boolean,
  timeoutMs: number,
  ended: (text: string) => void,
): Carrier {
  const turn = async (line: string): Promise<SaslReply> => {
    let reply: SaslReply | undefined;
    let others = 0;
    await connection.converse(
      `${line}\r\n`,
      (response) => {
        reply = saslReply(response, tag);
        if (response.kind === 'tagged') ended(response.text);
        others += 1;
        if (others > IMAP_DATA_MAX)
          throw new ProtocolError(`imapd sent over ${IMAP_DATA_MAX} responses to AUTHENTICATE`);
        return reply === undefined ? 'more' : 'done';
      },
      timeoutMs,
    );
    // Stryker disable next-line ConditionalExpression: converse() ends with a reply, or throws. Only the type does not know that.
    if (reply === undefined) throw new ProtocolError('imapd did not answer AUTHENTICATE');
    if (reply.kind !== 'challenge') trace.endSecret();
    return reply;
  };
  return {
    takesInitialResponse,
    start: (mechanism, initialResponse) => {
      const masked = initialResponse === undefined ? undefined : '***';
      trace.beginSecret(`${tag} ${authenticate(mechanism, masked)}`, initialResponse);
      return turn(`${tag} ${authenticate(mechanism, initialResponse)}`);
    },
    respond: (response) => {
      trace.sent(response);
      return turn(response);
    },
  };
}

/** In RFC 3501 a success carries no data. */
function saslReply(response: ImapResponse, tag: string): SaslReply | undefined {
  if (response.kind === 'continuation') return { kind: 'challenge', data: response.text };
  if (response.kind !== 'tagged') {
    untagged(response);
    return undefined;
  }
  if (response.tag !== tag) throw outOfTurn(response.tag, tag);
  if (response.status === 'OK') return { kind: 'success', data: undefined };
  return { kind: 'failure', text: response.text };
}
