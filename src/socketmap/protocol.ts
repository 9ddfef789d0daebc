// What stands in the netstrings of a socketmap: `MAP KEY` one way, `STATUS TEXT` the other. Defined by Sendmail's
// doc/op/op.me, class "socket", and Postfix's socketmap_table(5). Strings are latin1, a character a byte. No I/O.
import { ProtocolError } from '../errors.js';
import type { Reply } from '../validation/verdict.js';
import { encodeNetstring } from './netstring.js';

export type Request = {
  /** May be empty: smmapd does not look at it. */
  readonly map: string;
  readonly key: string;
  /** The size of the message that is to come, a whole number from 1. A socketmap never tells it; the policy service does. */
  readonly messageBytes?: number;
};

/** What a socketmap daemon may answer. We never send PERM and TIMEOUT: PERM is a 550 in Sendmail. */
export type SocketmapStatus = 'OK' | 'NOTFOUND' | 'TEMP' | 'TIMEOUT' | 'PERM';

export type SocketmapReply = {
  readonly status: SocketmapStatus;
  readonly text: string;
};

/** The map of the last request. Nearly all name the same: so it is the same string, which need not be made and hashed anew. */
let lastMap = '';

/** @throws ProtocolError where there is no space: what Sendmail and Postfix never send */
export function parseRequest(payload: string): Request {
  const space = payload.indexOf(' ');
  if (space === -1) throw new ProtocolError('missing key: no space after the map name');
  if (space !== lastMap.length || !payload.startsWith(lastMap)) lastMap = payload.slice(0, space);
  return { map: lastMap, key: payload.slice(space + 1) };
}

export function formatRequest(map: string, key: string): string {
  return encodeNetstring(`${map} ${key}`);
}

/**
 * The bytes of a reply. An OK without a value becomes TEMP: `2:OK,` ends Sendmail's process with SIGSEGV,
 * and Postfix takes `3:OK ,` for a configuration error.
 */
export function formatReply(reply: Reply): string {
  if (reply !== lastReply) {
    lastFrame = frameOf(reply);
    lastReply = reply;
  }
  return lastFrame;
}

function frameOf({ status, text }: Reply): string {
  if (status === 'OK' && text === '') return encodeNetstring('TEMP no value to answer with');
  return encodeNetstring(`${status} ${text}`);
}

/** In a dictionary attack one reply, the same frozen object, is written again and again. */
let lastReply: Reply | undefined;
let lastFrame = '';

/** @throws ProtocolError where the status is unknown, or an OK has no value */
export function parseReply(payload: string): SocketmapReply {
  const space = payload.indexOf(' ');
  const status = space === -1 ? payload : payload.slice(0, space);
  const text = space === -1 ? '' : payload.slice(space + 1);
  if (!isStatus(status)) {
    throw new ProtocolError(
      `reply has status ${JSON.stringify(status.slice(0, 40))}: must be ${STATUSES.join(', ')}`,
    );
  }
  if (status === 'OK' && text === '') throw new ProtocolError('reply is OK without a value');
  return { status, text };
}

const STATUSES: readonly SocketmapStatus[] = ['OK', 'NOTFOUND', 'TEMP', 'TIMEOUT', 'PERM'];

function isStatus(text: string): text is SocketmapStatus {
  return STATUSES.some((status) => status === text);
}
