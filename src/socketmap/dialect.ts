// What a front speaks on its connections: how requests are taken out of bytes, what they ask, and how a reply is written. The
// connection itself is the same for each of them. Types, and the socketmap's own; no I/O.
import type { ProtocolError } from '../errors.js';
import type { Reply } from '../validation/verdict.js';
import { NetstringDecoder } from './netstring.js';
import { formatReply, parseRequest, type Request } from './protocol.js';

export interface RequestDecoder {
  /** Whether a request has begun and is not complete. Meaningful when `next()` has returned undefined. */
  readonly midway: boolean;
  /** Whether there are bytes that `next()` has not read yet. */
  readonly unread: boolean;
  /**
   * The request, where the first `length` of `bytes` are one and no more, and none has begun before; undefined otherwise, and where
   * it cannot be told. Keeps none of the bytes.
   */
  whole(bytes: Buffer, length: number): string | undefined;
  /** Takes a chunk of any size; its bytes must not change before `next()` returned undefined. */
  feed(chunk: Buffer): void;
  /**
   * The next whole request, latin1; undefined until more is fed.
   * @throws ProtocolError where the input is none, again at each further call
   */
  next(): string | undefined;
  /** Drops what it was fed and has not read, since nobody will read it. */
  drop(): void;
}

export type Dialect = {
  /** The table of the configuration that errors name. */
  readonly table: 'socketmap' | 'policy';
  readonly decoder: (maxBytes: number) => RequestDecoder;
  /** @throws ProtocolError */
  readonly parse: (payload: string) => Request;
  readonly format: (reply: Reply) => string;
  /** The last reply, to a peer that breaks the protocol. */
  readonly broken: (error: ProtocolError) => Reply;
};

export const SOCKETMAP: Dialect = Object.freeze({
  table: 'socketmap',
  decoder: (maxBytes: number) => new NetstringDecoder(maxBytes),
  parse: parseRequest,
  format: formatReply,
  broken: ({ message }: ProtocolError): Reply => ({ status: 'TEMP', text: message }),
});
