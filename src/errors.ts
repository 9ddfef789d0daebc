// The few kinds of failure, split by who is to blame. What Cyrus said is a Verdict and never an error;
// that it could not be asked is one of these. Messages are lower case and name the thing and the limit.

/** The peer broke its protocol. The connection it came on is out of step and must be closed. */
export class ProtocolError extends Error {
  override readonly name = 'ProtocolError';
}

/**
 * Happens in operation, thousands of times a second in a flood, and is told by its message: it has no stack, which would cost
 * more than the answer that is made of it.
 */
class ExpectedError extends Error {
  constructor(message?: string, options?: ErrorOptions) {
    const { stackTraceLimit } = Error;
    Error.stackTraceLimit = 0;
    super(message, options);
    Error.stackTraceLimit = stackTraceLimit;
  }
}

/** No answer could be had: connect refused, connection lost, login refused, backing off. */
export class UnavailableError extends ExpectedError {
  override readonly name: string = 'UnavailableError';
}

/** The peer does not let us in: wrong password, no common mechanism, no rights. Asking again soon will not help. */
export class LoginError extends UnavailableError {
  override readonly name = 'LoginError';
}

/** Nobody was asked: the back-channel is down or backs off, or takes no more questions. */
export class DownError extends UnavailableError {
  override readonly name = 'DownError';
}

/** Too late: a deadline or a timeout passed before the answer came. */
export class DeadlineError extends ExpectedError {
  override readonly name = 'DeadlineError';
}

/** The operator's configuration cannot be used. Exit status 78 (EX_CONFIG of sysexits.h). */
export class ConfigError extends Error {
  override readonly name: string = 'ConfigError';
}

/** The command line cannot be used. Exit status 64 (EX_USAGE of sysexits.h). */
export class UsageError extends ConfigError {
  override readonly name = 'UsageError';
}

/** The text of anything thrown, for log lines and for the reason of a deferred verdict. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** What the system calls it, such as `ENOENT`; undefined where it is no error of the system. */
export function codeOf(error: unknown): string | undefined {
  const code: unknown = error instanceof Error && 'code' in error ? error.code : undefined;
  return typeof code === 'string' ? code : undefined;
}

/** Whether nobody listens there, by the error of connect(2), or of whatever failed because of it. The kernel says so at once. */
export function isNobodyThere(error: unknown): boolean {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    const code = codeOf(cause);
    if (code === 'ECONNREFUSED' || code === 'ENOENT') return true;
  }
  return false;
}

/** Anything thrown as an error. */
export function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
