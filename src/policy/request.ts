// Reads from a request of Postfix' policy protocol what we need: the stage, the recipient and the size of the message. Defined by
// SMTPD_POLICY_README, and by RFC 5321 for quoted local parts. No I/O.
import { ProtocolError } from '../errors.js';
import type { Request } from '../socketmap/protocol.js';

/** How many attributes a request may have; Postfix 3.10 sends fewer than forty. */
const MAX_ATTRIBUTES = 100;

/**
 * Parses a request: the stage becomes the name of the map, and the recipient becomes the key.
 * @throws ProtocolError where a line is no attribute, an attribute stands twice, or it is no request of smtpd
 */
export function parsePolicyRequest(payload: string): Request {
  const attributes = attributesOf(payload);
  const kind = attributes.get('request');
  if (kind !== 'smtpd_access_policy') {
    throw new ProtocolError(`request is ${JSON.stringify(kind?.slice(0, 40))}: must be smtpd_access_policy`);
  }
  const messageBytes = sizeOf(attributes.get('size') ?? '');
  return {
    map: attributes.get('protocol_state') ?? '',
    key: keyOf(attributes.get('recipient') ?? ''),
    ...(messageBytes === undefined ? {} : { messageBytes }),
  };
}

/** At RCPT this is the size that the client declared (RFC 1870), or `0`; at the end of a message it is the real size. */
function sizeOf(size: string): number | undefined {
  return /^[1-9][0-9]{0,14}$/.test(size) ? Number(size) : undefined;
}

function attributesOf(payload: string): Map<string, string> {
  const lines = payload.split('\n');
  if (lines.length > MAX_ATTRIBUTES)
    throw new ProtocolError(`a policy request has ${lines.length} attributes: ${MAX_ATTRIBUTES} at most`);
  const attributes = new Map<string, string>();
  for (const line of lines) {
    const equals = line.indexOf('=');
    const name = line.slice(0, equals);
    if (equals < 1 || line.includes('\0'))
      throw new ProtocolError('a line of a policy request is no attribute');
    if (attributes.has(name))
      throw new ProtocolError(`attribute ${JSON.stringify(name.slice(0, 40))} stands twice`);
    attributes.set(name, line.slice(equals + 1));
  }
  return attributes;
}

/** Removes the quotes of a local part, since a socketmap's key has none. Wrong quotes stay: no mailbox has such a name. */
function keyOf(recipient: string): string {
  const quoted = /^"((?:[^"\\]|\\.)*)"(@[^"@]*)?$/s.exec(recipient);
  return quoted === null ? recipient : (quoted[1] ?? '').replace(/\\(.)/gs, '$1') + (quoted[2] ?? '');
}
