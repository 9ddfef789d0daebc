// What a mupdate master says, one value for each line with its literals (RFC 3656, and as Cyrus 3.6.1 writes it). Types only;
// no I/O.

/** An entry of the list: where a mailbox is. Sent for the whole list, and then for each change. */
export type MupdateEntry =
  | {
      readonly kind: 'mailbox' | 'reserve';
      readonly tag: string;
      /** In Cyrus' internal form, latin1. */
      readonly name: string;
      /** `b1.example.jp!default`: the server and its partition, which may be empty. */
      readonly location: string;
    }
  | { readonly kind: 'delete'; readonly tag: string; readonly name: string };

/** The end of a command, or with the tag `*` of the banner. */
export type MupdateStatus = {
  readonly kind: 'status';
  readonly tag: string;
  readonly status: 'OK' | 'NO' | 'BAD' | 'BYE';
  /** As it came, quotes and all: Cyrus sends some texts without. */
  readonly text: string;
};

export type MupdateResponse =
  | MupdateEntry
  | MupdateStatus
  /** A line of the banner before its OK: `AUTH`, and what it offers. */
  | { readonly kind: 'banner'; readonly word: string; readonly words: readonly string[] }
  /** A line without a tag, in a login: base64, or nothing. */
  | { readonly kind: 'bare'; readonly text: string };
