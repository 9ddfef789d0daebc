// How Valkey is asked by doctor: over its real client, by a server that speaks as Valkey does.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, expect, test } from 'vitest';
import { askFleet } from '../../../src/doctor/ask-fleet.js';
import { RespServer, type Answering } from '../../fakes/resp-server.js';
import { pictureOf, SETTINGS } from './good-host.js';

const folder = mkdtempSync(join(tmpdir(), 'ask-fleet-'));
afterAll(() => rmSync(folder, { recursive: true }));
writeFileSync(join(folder, 'password'), 'secret\n', { mode: 0o600 });
writeFileSync(join(folder, 'open'), 'secret\n', { mode: 0o644 });

const servers: RespServer[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.stop()));
});

async function serve(answer: Answering): Promise<RespServer> {
  const server = await RespServer.listen(answer);
  servers.push(server);
  return server;
}

function ask(port: number, passwordFile = 'password', answerMs?: number) {
  const fleet = {
    url: `valkey://127.0.0.1:${port}`,
    user: 'us',
    password_file: join(folder, passwordFile),
  };
  const cyrus = { ...SETTINGS.backchannel.cyrus, stream: 'cyrus' };
  return askFleet(pictureOf({ settings: { ...SETTINGS, backchannel: { cyrus }, fleet } }).config, answerMs);
}

test('a host without [fleet] asks nobody', async () => {
  expect(await askFleet(pictureOf({}).config)).toBeUndefined();
});

test('a password that is refused is told from a Valkey that is away', async () => {
  const server = await serve(([name]) =>
    name === 'auth'
      ? '-WRONGPASS invalid username-password pair or user is disabled.'
      : '-NOAUTH Authentication required.',
  );
  const answer = await ask(server.port);
  expect(answer).toEqual({ kind: 'refused', error: expect.stringContaining('WRONGPASS') as string });
  expect(server.commands[0]).toEqual(['auth', 'us', 'secret']);
});

test('nobody there', async () => {
  const server = await serve(() => undefined);
  await server.stop();
  expect(await ask(server.port)).toEqual({
    kind: 'away',
    error: expect.stringContaining('ECONNREFUSED') as string,
  });
});

test('a Valkey that answers nothing is given up', async () => {
  const server = await serve(([name]) => (name === 'auth' ? '+OK' : undefined));
  expect(await ask(server.port, 'password', 50)).toMatchObject({ kind: 'away', error: /./ });
});

test('a password file that is open to others is not used', async () => {
  const server = await serve(() => '+OK');
  expect(await ask(server.port, 'open')).toEqual({
    kind: 'unread',
    error: expect.stringContaining('fleet.password_file') as string,
  });
  expect(server.commands).toEqual([]);
});

test('what our user may not do is told, command by command', async () => {
  const server = await serve(([name = '']) =>
    name === 'auth' ? '+OK' : `-NOPERM User us has no permissions to run the '${name}' command`,
  );
  expect(await ask(server.port)).toEqual({
    kind: 'seen',
    denied: [
      'GET cyrusmapd:{cyrus}:beacon',
      'GET cyrusmapd:{cyrus}:questions',
      'XREAD cyrusmapd:{cyrus}:stream',
      'INCR cyrusmapd:{cyrus}:questions',
      'ZADD cyrusmapd:{cyrus}:followers:doctor',
      'PUBLISH cyrusmapd:{cyrus}:acknowledgements',
    ],
    excess: [],
    streams: [],
  });
});
