// The kinds of difference between two socketmaps, each with its reason. What is said here of smmapd was seen on Cyrus 3.2 to 3.12
// by delivering mail (test/matrix, docs/evidence.md). No I/O.

/** Whose answer agrees with delivery. `undecided`: the answers alone do not show that, so somebody must look. */
export type Agrees = 'ours' | 'other' | 'undecided';

export const KINDS = {
  detail:
    'One wants a folder with the name of the +detail; lmtpd takes any detail, and puts the message into the INBOX of its user.',
  shared:
    'A shared mailbox, which lmtpd finds by the +detail of postuser; smmapd does not find it where it has a domain or stands by dots.',
  'message-limit':
    'smmapd judges the limit of messages; lmtpd judges that of storage at RCPT, and takes the message.',
  quota: 'One says that the mailbox is full, and the other takes mail for it.',
  'over-quota-words':
    'Both know that the mailbox is full; one defers the message, which is delivered when there is room, the other refuses it.',
  permission:
    'Both say that the sender may not post there, but PERM is 550 to Sendmail and a fault of the server, 451, to Postfix.',
  'lmtpd-defers':
    'lmtpd defers mail for it now, as with a damaged mailbox or a user who is barred; the mailbox list alone does not show that.',
  unaskable: 'An address that lmtpd may take, and that is never asked about: deferred by ours.',
  'eight-bit':
    'An address with 8-bit characters: lmtpd refuses it unless it offers SMTPUTF8 or lmtp_strict_rfc2821 is no.',
  'not-served': 'Ours has no back-channel for the domain, so it is deferred: see [domains].',
  'not-known-now': 'One could not tell at this moment: the message is deferred, and nothing is lost.',
  perm: 'PERM is a refusal, 550, to Sendmail; smmapd says it for I/O errors and for mailboxes that move, which lmtpd defers.',
  'no-reply': 'The other one gave no reply at all; smmapd of 3.12 ends at some names.',
  percent: 'Sendmail replaces %0 to %9 in the value: ours doubles each %.',
  value: 'Both take it, but with another value: FEATURE(mrs_cyrus) delivers to the value.',
  'only-ours-accepts':
    'Ours takes it, as under always_accept or with lmtp_catchall_mailbox, and the other one does not know it.',
  'only-other-accepts': 'The other one takes it, and ours says that there is no such mailbox.',
  other: 'What no rule explains.',
} as const satisfies { readonly [kind: string]: string };

export type Kind = keyof typeof KINDS;

export type Judgement = { readonly kind: Kind; readonly agrees: Agrees };
