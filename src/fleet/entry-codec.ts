// What daemons tell each other over Valkey: entries of a stream, which only ever make forget, the beacon, by which the publisher
// shows that it is there, and how far a follower has come. See "A change that crosses machines" in docs/architecture.md. No I/O.

/** The number of a publisher's life: another one is a publisher that may have missed something. */
export type Instance = string;

/** What a publisher writes over and over into one key. */
export type Beacon = {
  readonly instance: Instance;
  /** The highest question of followers that it had read before it wrote this. */
  readonly answers: number;
  /** The number of its last change, whether or not that is in the stream yet. */
  readonly seq: number;
  /** Of an entry that is in the stream: whoever reads on from there misses nothing that comes after `seq`. */
  readonly lastId: string;
  readonly leaseMs: number;
  /** Whether Cyrus' administrator waits until each follower has forgotten. */
  readonly exact: boolean;
  /** A sum of how names of mailboxes are made: whoever makes them otherwise would forget others. */
  readonly rules: string;
};

/** `undefined` for mailboxes: any may have changed. */
export type Change = { readonly seq: number; readonly mailboxes: readonly string[] | undefined };

export type Entry =
  | { readonly kind: 'begin'; readonly instance: Instance }
  /** The publisher has stopped: what changes from now on is told by nobody, until another one begins. */
  | { readonly kind: 'end'; readonly instance: Instance; readonly seq: number }
  | ({ readonly kind: 'change'; readonly instance: Instance } & Change)
  /** Another release's, or a stranger's: anything may have changed. */
  | { readonly kind: 'strange' };

/** A follower has forgotten all up to this number. */
export type Told = { readonly instance: Instance; readonly seq: number; readonly follower: string };

/** An entry as XREAD has it: its id, and names and values in turn. */
export type RawEntry = readonly [id: string, fields: readonly string[]];

/** A change of more mailboxes is one of any. */
export const NAMES_MAX = 1_000;

const BEACON = /^1 ([0-9a-f]{16}) (\d{1,15}) (\d{1,15}) (\d{1,20}-\d{1,20}) (\d{1,6}) ([01]) ([0-9a-f]{16})$/;
const INSTANCE = /^[0-9a-f]{16}$/;
const TOLD = /^([0-9a-f]{16}) (\d{1,15}) (\S{1,64})$/;
const SEQ = /^\d{1,15}$/;

export function encodeBeacon(beacon: Beacon): string {
  const { instance, answers, seq, lastId, leaseMs, exact, rules } = beacon;
  return `1 ${instance} ${answers} ${seq} ${lastId} ${leaseMs} ${exact ? 1 : 0} ${rules}`;
}

/** @returns undefined where it is none of this release */
export function decodeBeacon(text: string | null): Beacon | undefined {
  const [, instance, answers, seq, lastId, leaseMs, exact, rules] = BEACON.exec(text ?? '') ?? [];
  if (instance === undefined || lastId === undefined || rules === undefined) return undefined;
  return {
    instance,
    answers: Number(answers),
    seq: Number(seq),
    lastId,
    leaseMs: Number(leaseMs),
    exact: exact === '1',
    rules,
  };
}

/** Names and values in turn, as XADD takes them. */
export function encodeBegin(instance: Instance): string[] {
  return ['begin', instance];
}

export function encodeEnd(instance: Instance, seq: number): string[] {
  return ['end', instance, 'seq', String(seq)];
}

export function encodeChange(instance: Instance, { seq, mailboxes }: Change): string[] {
  const names = mailboxes === undefined || mailboxes.length > NAMES_MAX ? '*' : JSON.stringify(mailboxes);
  return ['instance', instance, 'seq', String(seq), 'mailboxes', names];
}

export function encodeTold({ instance, seq, follower }: Told): string {
  return `${instance} ${seq} ${follower}`;
}

/** @returns undefined where it is a stranger's */
export function decodeTold(text: string): Told | undefined {
  const [, instance, seq, follower] = TOLD.exec(text) ?? [];
  if (instance === undefined || follower === undefined) return undefined;
  return { instance, seq: Number(seq), follower };
}

export function decodeEntry(fields: readonly string[]): Entry {
  const [name, instance = '', seqName, seq = '', namesName, names = ''] = fields;
  if (!INSTANCE.test(instance)) return { kind: 'strange' };
  if (name === 'begin' && fields.length === 2) return { kind: 'begin', instance };
  if (name === 'end' && fields.length === 4 && seqName === 'seq' && SEQ.test(seq))
    return { kind: 'end', instance, seq: Number(seq) };
  if (name !== 'instance' || seqName !== 'seq' || namesName !== 'mailboxes' || !SEQ.test(seq))
    return { kind: 'strange' };
  const mailboxes = names === '*' ? undefined : decodeNames(names);
  if (mailboxes === 'strange') return { kind: 'strange' };
  return { kind: 'change', instance, seq: Number(seq), mailboxes };
}

function decodeNames(text: string): readonly string[] | 'strange' {
  let read: unknown;
  try {
    read = JSON.parse(text);
  } catch {
    return 'strange';
  }
  if (!Array.isArray(read) || read.length > NAMES_MAX) return 'strange';
  const names = read.filter((each) => typeof each === 'string');
  return names.length === read.length ? names : 'strange';
}
