// How a login is carried over MUPDATE: AUTHENTICATE (RFC 3656 section 4.2), always with the first response on its line; from
// then on bare lines of base64. In the trace it is masked.
import { ProtocolError } from '../../errors.js';
import type { Carrier, SaslReply } from '../sasl/exchange.js';
import type { Connection } from '../wire/connection.js';
import type { Trace } from '../wire/trace.js';
import type { MupdateResponse } from './response.js';

/** @param tag of the command; @param timeoutMs for each step */
export function saslCarrier(
  connection: Connection<MupdateResponse>,
  trace: Trace,
  tag: string,
  timeoutMs: number,
): Carrier {
  const turn = async (line: string): Promise<SaslReply> => {
    let reply: SaslReply | undefined;
    const take = (response: MupdateResponse): 'done' => {
      reply = saslReply(response, tag);
      return 'done';
    };
    await connection.converse(`${line}\r\n`, take, timeoutMs);
    if (reply === undefined) throw new ProtocolError('the mupdate master did not answer AUTHENTICATE');
    if (reply.kind !== 'challenge') trace.endSecret();
    return reply;
  };
  return {
    takesInitialResponse: true,
    start: (mechanism, initialResponse) => {
      const command = `${tag} AUTHENTICATE "${mechanism}"`;
      trace.beginSecret(initialResponse === undefined ? command : `${command} ***`, initialResponse);
      return turn(initialResponse === undefined ? command : `${command} "${initialResponse}"`);
    },
    respond: (response) => {
      trace.sent(response);
      return turn(response);
    },
  };
}

function saslReply(response: MupdateResponse, tag: string): SaslReply {
  if (response.kind === 'bare') return { kind: 'challenge', data: response.text };
  if (response.kind !== 'status' || response.tag !== tag)
    throw new ProtocolError(`the mupdate master answered AUTHENTICATE with ${response.kind}`);
  if (response.status === 'OK') return { kind: 'success', data: undefined };
  return { kind: 'failure', text: unquoted(response.text) };
}

/** Without the quotes around it: `"undefined error!"`. */
export function unquoted(text: string): string {
  return /^"(.*)"$/.exec(text)?.[1] ?? text;
}
