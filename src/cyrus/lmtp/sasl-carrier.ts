// Carries a login over LMTP: AUTH (RFC 4954), with the first response on the same line if there is one. The trace masks what is
// secret. I/O through the dialogue.
import { ProtocolError } from '../../errors.js';
import type { Carrier, SaslReply } from '../sasl/exchange.js';
import type { Trace } from '../wire/trace.js';
import type { LmtpDialogue } from './dialogue.js';
import { describeReply, type LmtpReply } from './reply.js';

/** @param timeoutMs for each step */
export function saslCarrier(lmtpd: LmtpDialogue, trace: Trace, timeoutMs: number): Carrier {
  const turn = async (line: string): Promise<SaslReply> => {
    const reply = saslReply(await lmtpd.send(line, timeoutMs));
    if (reply.kind !== 'challenge') trace.endSecret();
    return reply;
  };
  return {
    takesInitialResponse: true,
    start: (mechanism, initialResponse) => {
      const response = initialResponse === undefined ? '' : ` ${initialResponse}`;
      trace.beginSecret(`AUTH ${mechanism}${response === '' ? '' : ' ***'}`, initialResponse);
      return turn(`AUTH ${mechanism}${response}`);
    },
    respond: (response) => {
      trace.sent(response);
      return turn(response);
    },
  };
}

/** In RFC 4954 a success carries no data. */
function saslReply(reply: LmtpReply): SaslReply {
  if (reply.code === 334) return { kind: 'challenge', data: reply.lines.join('') };
  if (reply.code === 235) return { kind: 'success', data: undefined };
  if (reply.code >= 400) return { kind: 'failure', text: describeReply(reply) };
  throw new ProtocolError(`lmtpd answered AUTH with ${describeReply(reply)}`);
}
