// What doctor says: one mistake of a set-up, why it matters, and the line that mends it. No I/O.

export type Finding = {
  /** Stable, for scripts: `sendmail.tempfail`. */
  readonly check: string;
  /** `error`: mail is or may be lost, wrongly refused, wrongly accepted or relayed; `warning`: it soon could be. */
  readonly severity: 'error' | 'warning';
  /** The file, with its line where there is one. */
  readonly where: string;
  readonly what: string;
  readonly why: string;
  /** A line to write or a command to run, with the place to do it where that is not `where`. */
  readonly mend: string;
};

/** What could not be looked at: nothing is said about it. */
export type Unseen = { readonly what: string; readonly why: string };
