// Why a verdict is not a yes: who was asked, what Cyrus said, and what the witness mailbox was found to be. People read it in the
// log, in the ring of decisions and from `explain`; the program decides nothing by it. No I/O.

/** Cyrus' own words. */
export type Said = {
  /** `550` of LMTP, `NO` of IMAP. */
  readonly code: string;
  /** Such as `5.1.1`; empty where Cyrus gave none. */
  readonly enhanced: string;
  /** Printable characters, at most SAID_TEXT_MAX of them, without the SESSIONID. */
  readonly text: string;
};

/** What the witness mailbox was found to be around the question, such as `deliverable`. */
export type WitnessSaid = { readonly address: string; readonly said: string };

/** A field is left out where there is nothing to say of it. */
export type Evidence = {
  /** The name of the back-channel that was asked, or would have been. */
  readonly backchannel?: string;
  /** SESSIONID, by which Cyrus' own log names the conversation. */
  readonly session?: string;
  readonly said?: Said;
  readonly witness?: WitnessSaid;
  /** Why nobody needed to be asked, such as `8-bit character`. */
  readonly rule?: string;
  /** The size of the message for which the mailbox has no room. */
  readonly messageBytes?: number;
};

const SAID_TEXT_MAX = 200;

const SESSION = /\s?SESSIONID=<([\x21-\x7e]{1,128})>/;

/** @param text as Cyrus sent it. A copy is kept, since a part of a string would keep all that was read with it in memory */
export function saidOf(code: string, enhanced: string, text: string): Said {
  return { code, enhanced, text: copied(text.replace(SESSION, '').slice(0, SAID_TEXT_MAX)) };
}

/** The name that Cyrus gives its session at the end of some of its replies. */
export function sessionIn(text: string): string | undefined {
  const name = SESSION.exec(text)?.[1];
  return name === undefined ? undefined : copied(name);
}

/** One line, for people. */
export function describeSaid({ code, enhanced, text }: Said): string {
  return [code, enhanced, text].filter((part) => part !== '').join(' ');
}

function copied(text: string): string {
  return Buffer.from(text.replace(/[^\x20-\x7e]+/g, ' '), 'latin1').toString('latin1');
}
