// Postfix' policy protocol on the connections of the front: the same order, deadlines and limits as a socketmap has. No I/O.
import type { Dialect } from '../socketmap/dialect.js';
import type { Reply } from '../validation/verdict.js';
import { formatAction } from './action.js';
import { PolicyDecoder } from './decoder.js';
import { parsePolicyRequest } from './request.js';

/** Said before the connection is ended, to who breaks the protocol; the reason is in the log. */
const BROKEN = 'DEFER_IF_PERMIT 4.3.5 Policy request not understood';

export const POLICY: Dialect = {
  table: 'policy',
  decoder: (maxBytes) => new PolicyDecoder(maxBytes),
  parse: parsePolicyRequest,
  format: formatAction,
  broken: (): Reply => ({ status: 'TEMP', text: BROKEN }),
};
