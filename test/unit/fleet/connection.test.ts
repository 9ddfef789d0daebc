// A connection to Valkey that is made again: with which password, and how often where nobody is let in.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, expect, test, vi } from 'vitest';
import { ValkeyConnection, type ValkeyAccess } from '../../../src/fleet/connection.js';
import { makeCertificates } from '../../certificates.js';
import { RespServer, type Answering } from '../../fakes/resp-server.js';
import { lacks } from '../../integration/tools.js';

const ANSWER_MS = 2_000;

const closing: (() => void | Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function serve(answer: Answering, pair?: Parameters<typeof RespServer.listen>[1]): Promise<RespServer> {
  const server = await RespServer.listen(answer, pair);
  closing.push(() => server.stop());
  return server;
}

/** Lets in who has this password; one connection at a time. */
function doorOf(password: () => string): Answering {
  let inside = false;
  return ([name, , given]) => {
    if (name === 'auth') inside = given === password();
    if (inside) return '+OK';
    return name === 'auth' ? '-WRONGPASS invalid' : '-NOAUTH nobody is logged in';
  };
}

function accessTo(server: RespServer, password: string, tls?: ValkeyAccess['tls']): ValkeyAccess {
  return { host: '127.0.0.1', port: server.port, user: 'us', password, tls };
}

function connect(access: ValkeyAccess): ValkeyConnection {
  const connection = new ValkeyConnection(access, ANSWER_MS);
  closing.push(() => connection.close());
  return connection;
}

const passwords = ({ commands }: RespServer) =>
  commands.filter(([name]) => name === 'auth').map(([, , p]) => p);

test('another password is used at the next connection, and not before', async () => {
  let password = 'old';
  const server = await serve(doorOf(() => password));
  const connection = connect(accessTo(server, 'old'));
  await connection.inTurn(['ping']);
  password = 'new';
  connection.admit(accessTo(server, 'new'));
  await connection.inTurn(['ping']);
  expect(passwords(server)).toEqual(['old']);
  server.drop();
  await vi.waitFor(() => connection.inTurn(['ping']));
  expect(passwords(server)).toEqual(['old', 'new']);
});

test('who was not let in comes in with another password', async () => {
  const server = await serve(doorOf(() => 'new'));
  const connection = connect(accessTo(server, 'old'));
  await expect(connection.inTurn(['ping'])).rejects.toThrow(/WRONGPASS|NOAUTH/);
  connection.admit(accessTo(server, 'new'));
  await vi.waitFor(() => connection.inTurn(['ping']), 3_000);
});

test.skipIf(lacks('openssl'))('another ca_file is trusted from the next connection on', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'connection-'));
  closing.push(() => rmSync(folder, { recursive: true }));
  const { ca, good, stranger } = makeCertificates(folder);
  const server = await serve(
    doorOf(() => 'secret'),
    good,
  );
  const tls = (file: string) => ({
    serverName: 'localhost',
    ca: readFileSync(file),
    cert: undefined,
    key: undefined,
  });
  const connection = connect(accessTo(server, 'secret', tls(stranger.cert)));
  await expect(connection.inTurn(['ping'])).rejects.toThrow(/unable to/);
  connection.admit(accessTo(server, 'secret', tls(ca)));
  await vi.waitFor(() => connection.inTurn(['ping']), 3_000);
});

test('who is not let in tries twice a second at most, after the first few times', async () => {
  const server = await serve(doorOf(() => 'right'));
  connect(accessTo(server, 'wrong'));
  await pause(1_500);
  expect(passwords(server).length).toBeLessThan(8);
});
