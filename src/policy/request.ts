// What stands in a request of Postfix' policy protocol, as far as it matters here: at which stage it is asked, for which
// recipient, and about a message of which size. Defined by SMTPD_POLICY_README and RFC 5321 (quoted local parts). No I/O.
import { ProtocolError } from '../errors.js';
import type { Request } from '../socketmap/protocol.js';

/** Postfix 3.10 sends fewer than forty. */
const MAX_ATTRIBUTES = 100;

/**
 * The stage as the map's name, and the recipient as the key.
 * @throws ProtocolError where a line is no attribute, one stands twice, or it is no request of smtpd
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

/** At RCPT it is what the client declared (RFC 1870), `0` where it did not; at the end of a message, what came. */
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

/** Without the quotes of a local part, as a socketmap is asked. What is quoted in a wrong way stays as it is: no mailbox has it. */
function keyOf(recipient: string): string {
  const quoted = /^"((?:[^"\\]|\\.)*)"(@[^"@]*)?$/s.exec(recipient);
  return quoted === null ? recipient : (quoted[1] ?? '').replace(/\\(.)/gs, '$1') + (quoted[2] ?? '');
}
