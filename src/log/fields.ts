// The fields of log lines: one name has one type and one meaning, whatever the verb. No I/O.

type Field<Value> = {
  readonly type: 'text' | 'number' | 'object';
  /** A stranger's words. */
  readonly strange?: true;
  /** One sentence for the manual. */
  readonly text: string;
  /** Only for the compiler: what the field holds. */
  readonly value?: Value;
};

const text = (words: string): Field<string> => ({ type: 'text', text: words });
/** What somebody else wrote: it is cut, see cut.ts. */
const strange = (words: string): Field<string> => ({ type: 'text', text: words, strange: true });
const number = (words: string): Field<number> => ({ type: 'number', text: words });
const object = (words: string): Field<object> => ({ type: 'object', text: words });

/** Alphabetical. */
export const FIELDS = {
  acceptMs: number('How long whoever is accepted next may have waited for that, in milliseconds.'),
  ageMs: number('How old the remembered denial was that answered, in milliseconds.'),
  agrees: text('Whose answer agrees with delivery: `ours`, `other`, or `undecided`.'),
  asked: number('The share of them that Cyrus was asked about, 0 to 1.'),
  backchannel: text('The name of the back-channel.'),
  changed: object('Keys of the configuration that have another value now.'),
  code: text('What Cyrus said: `550` of LMTP, `NO` of IMAP.'),
  config: text('The configuration file; `built-in` where there is none.'),
  connection: number('The connection of the mail server, counted from the start.'),
  connections: number('Connections of mail servers at this moment; of `few-files`, how many will be served.'),
  counts: object('How many of each verb had no line of their own.'),
  domain: strange('The domain.'),
  dropped: number('Log lines that are lost.'),
  endpoint: text('Where it listens or connects, as in the configuration.'),
  enhanced: text('What Cyrus said: its enhanced code, such as `5.1.1`.'),
  error: strange('What the system or the peer said.'),
  expected: text('The servers whose events are expected.'),
  file: text('The file.'),
  followers: number('How many followers.'),
  gaps: number('Gaps since the last line about one, this one included.'),
  key: strange(
    'What the mail server asked about; of `witness-missing`, the key of the configuration that is not set.',
  ),
  kind: text(
    'What the event means: `changed`, `overquota`, `other` or `doubtful`; of `shadow-differs`, the kind of the difference.',
  ),
  mailboxes: number('How many mailboxes.'),
  map: strange('The map name of the request.'),
  maxConnections: number('`socketmap.max_connections`.'),
  missing: number('How many of the former mailboxes are missing now.'),
  more: number('How many more of this kind the last minute had.'),
  messageBytes: number('How large the message is for which the mailbox has no room, in bytes.'),
  ms: number('How long it took, in milliseconds.'),
  name: strange('The name of the event, as Cyrus writes it.'),
  names: object('The mailboxes that are forgotten.'),
  needRestart: object('Keys that have another value than at the start, and hold it only after a restart.'),
  node: text('The version of Node.js.'),
  openFiles: number('How many files the process may have open.'),
  other: strange('What the other socketmap answered.'),
  ours: text('What cyrusmapd answered, or would have.'),
  path: text('The file.'),
  pauseMs: number('For how long nobody is asked now, in milliseconds.'),
  peer: strange('The address of the other end.'),
  perSecond: number('Unknown recipients a second.'),
  pid: number('The process.'),
  questions: number('Questions that got no answer there.'),
  queueId: strange('The name of the message in the queue of the mail server, where it sends it along.'),
  reason: text('Why.'),
  reply: strange('What lmtpd replied.'),
  role: text(
    'Of this process: `successor`, the new one, or `predecessor`, the old one; of a stream, `publisher` or `follower`.',
  ),
  rule: text('Why nobody needed to be asked, such as `8-bit character`.'),
  said: strange('What Cyrus said: its words.'),
  seconds: number('For how long, in seconds.'),
  server: strange('The name by which a server calls itself.'),
  session: strange('SESSIONID, by which the log of Cyrus names the conversation.'),
  signal: text('The signal.'),
  skipped: number('Mailboxes of the list for which there was no room.'),
  source: text(
    'Who decided: `rule`, `known`, `negative`, `directory`, `probe`, `stale`, `routing`, `deadline`, `down`.',
  ),
  stack: text('Where in the program it happened.'),
  stalledMs: number('For how long the process stood still, in milliseconds.'),
  stream: text('The stream of `[fleet]`.'),
  unknown: number('How many unknown recipients.'),
  usual: number('How many a second are usual.'),
  verdict: text(
    'What is known of the mailbox: `deliverable`, `unknown`, `overquota`, `refused` or `deferred`.',
  ),
  waitedMs: number('How long the first of those that wait does, in milliseconds.'),
  waiting: number('Connections whose requests wait for a turn of the event loop.'),
  version: text('The version of cyrusmapd.'),
  witness: text('The mailbox that must exist.'),
  witnessSaid: text('What that mailbox was found to be.'),
} as const;

export type FieldName = keyof typeof FIELDS;
export type FieldValues = {
  readonly [Name in FieldName]: (typeof FIELDS)[Name] extends Field<infer Value> ? Value : never;
};

export const STRANGERS: ReadonlySet<string> = new Set(
  Object.entries<Field<unknown>>(FIELDS).flatMap(([name, { strange: cuts }]) =>
    cuts === true ? [name] : [],
  ),
);
