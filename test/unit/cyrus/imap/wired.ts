// A dialogue with a fake imapd over a UNIX socket, whose lines are kept as `check` would show them. All is closed after each test.
import { ImapDialogue } from '../../../../src/cyrus/imap/dialogue.js';
import { ImapResponseParser } from '../../../../src/cyrus/imap/parser.js';
import type { ImapResponse } from '../../../../src/cyrus/imap/response.js';
import { Connection } from '../../../../src/cyrus/wire/connection.js';
import { Trace } from '../../../../src/cyrus/wire/trace.js';
import type { Endpoint } from '../../../../src/net/endpoint.js';
import type { Override, Tls } from '../../../fakes/dialogue-server.js';
import { ImapServer } from '../../../fakes/imap-server.js';
import { afterwards, socketPath } from '../afterwards.js';

export type Server = { readonly imapd: ImapServer; readonly endpoint: Extract<Endpoint, { kind: 'unix' }> };

export async function served(tls?: Tls): Promise<Server> {
  const path = socketPath();
  const imapd = await ImapServer.listen(path, tls);
  afterwards(() => imapd.stop());
  return { imapd, endpoint: { kind: 'unix', path } };
}

export type Wired = Server & {
  readonly connection: Connection<ImapResponse>;
  readonly dialogue: ImapDialogue;
  readonly trace: Trace;
  /** What `check` would show: `> c1 CAPABILITY`, `< c1 OK Completed`. */
  readonly lines: string[];
};

/** @param override what imapd does otherwise, from its greeting on */
export async function wired(override?: Override, tls?: Tls): Promise<Wired> {
  const server = await served(tls);
  if (override !== undefined) server.imapd.server.override = override;
  const lines: string[] = [];
  const trace = new Trace((direction, line) => lines.push(`${direction} ${line}`));
  const parser = new ImapResponseParser((text) => trace.received(text, '+ '));
  const connection = await Connection.open(server.endpoint, parser, 2_000);
  afterwards(() => connection.close());
  return { ...server, connection, dialogue: new ImapDialogue(connection, trace), trace, lines };
}
