// A dialogue with a fake lmtpd over a UNIX socket, whose lines are kept as `check` would show them. All is closed after each test.
import { LmtpDialogue } from '../../../../src/cyrus/lmtp/dialogue.js';
import { LmtpReplyParser, type LmtpReply } from '../../../../src/cyrus/lmtp/reply.js';
import { Connection } from '../../../../src/cyrus/wire/connection.js';
import { Trace } from '../../../../src/cyrus/wire/trace.js';
import type { Endpoint } from '../../../../src/net/endpoint.js';
import { LmtpServer, type Override } from '../../../fakes/lmtp-server.js';
import { afterwards, socketPath } from '../afterwards.js';

export type Server = { readonly lmtpd: LmtpServer; readonly endpoint: Extract<Endpoint, { kind: 'unix' }> };

export async function served(): Promise<Server> {
  const path = socketPath();
  const lmtpd = await LmtpServer.listen(path);
  afterwards(() => lmtpd.stop());
  return { lmtpd, endpoint: { kind: 'unix', path } };
}

export type Wired = Server & {
  readonly connection: Connection<LmtpReply>;
  readonly dialogue: LmtpDialogue;
  readonly trace: Trace;
  /** What `check` would show: `> RSET`, `< 250 2.0.0 Ok`. */
  readonly lines: string[];
};

/** @param override what lmtpd does otherwise, from its greeting on */
export async function wired(override?: Override): Promise<Wired> {
  const server = await served();
  if (override !== undefined) server.lmtpd.override = override;
  const connection = await Connection.open(server.endpoint, new LmtpReplyParser(), 2_000);
  afterwards(() => connection.close());
  const lines: string[] = [];
  const trace = new Trace((direction, line) => lines.push(`${direction} ${line}`));
  return { ...server, connection, dialogue: new LmtpDialogue(connection, trace), trace, lines };
}
