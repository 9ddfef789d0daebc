// Exit statuses that scripts rely on: those of BSD's sysexits.h, and 1 for a mailbox that does not exist. No I/O.
import { UsageError, ConfigError, DeadlineError, ProtocolError, UnavailableError } from '../errors.js';
import type { SocketmapStatus } from '../socketmap/protocol.js';

export const EX_OK = 0;
const EX_NOTFOUND = 1;
/** `doctor` found something. */
export const EX_FOUND = 1;
export const EX_USAGE = 64;
const EX_UNAVAILABLE = 69;
export const EX_SOFTWARE = 70;
const EX_TEMPFAIL = 75;
const EX_PROTOCOL = 76;
export const EX_CONFIG = 78;

export function exitStatusOfReply(status: SocketmapStatus): number {
  switch (status) {
    case 'OK':
      return EX_OK;
    case 'NOTFOUND':
      return EX_NOTFOUND;
    case 'TEMP':
    case 'TIMEOUT':
      return EX_TEMPFAIL;
    case 'PERM':
      return EX_PROTOCOL;
  }
}

/** Follows from whose fault it is; an error that is nobody else's is a fault of this program. */
export function exitStatusOfError(error: unknown): number {
  if (error instanceof UsageError) return EX_USAGE;
  if (error instanceof ConfigError) return EX_CONFIG;
  if (error instanceof UnavailableError || error instanceof DeadlineError) return EX_UNAVAILABLE;
  if (error instanceof ProtocolError) return EX_PROTOCOL;
  return EX_SOFTWARE;
}
