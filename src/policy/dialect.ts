// Postfix' policy protocol for the connections of the front, with the same order, deadlines and limits as a socketmap. No I/O.
import type { Dialect } from '../socketmap/dialect.js';
import type { Reply } from '../validation/verdict.js';
import { formatAction } from './action.js';
import { PolicyDecoder } from './decoder.js';
import { parsePolicyRequest } from './request.js';

/** The answer to a peer that breaks the protocol, before the connection is ended. The reason stands in the log. */
const BROKEN = 'DEFER_IF_PERMIT 4.3.5 Policy request not understood';

export const POLICY: Dialect = {
  table: 'policy',
  decoder: (maxBytes) => new PolicyDecoder(maxBytes),
  parse: parsePolicyRequest,
  format: formatAction,
  broken: (): Reply => ({ status: 'TEMP', text: BROKEN }),
};
