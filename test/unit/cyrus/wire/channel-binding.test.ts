import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, createServer, type SecureVersion, type Server, type TLSSocket } from 'node:tls';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { BindingType } from '../../../../src/config/mechanism-names.js';
import { Scram } from '../../../../src/cyrus/sasl/scram.js';
import { channelBinding } from '../../../../src/cyrus/wire/channel-binding.js';
import { makeCertificates, type Certificates, type Pair } from '../../../certificates.js';
import { ScramServer } from '../../../fakes/scram-server.js';
import { lacks } from '../../../integration/tools.js';

const LEFT_OUT = lacks('openssl');
const USER = { user: 'cyrus', password: 'secret', authorizationId: undefined };

let folder: string;
let made: Certificates;
const closers: (() => void)[] = [];
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'binding-'));
  if (!LEFT_OUT) made = makeCertificates(folder);
});
afterAll(() => rmSync(folder, { recursive: true }));
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

/** Both ends of one connection. */
type Ends = { readonly client: TLSSocket; readonly server: TLSSocket };

async function connected(version: SecureVersion, pair: Pair = made.good): Promise<Ends> {
  const [cert, key] = [readFileSync(pair.cert), readFileSync(pair.key)];
  const listener: Server = createServer({ cert, key, minVersion: version, maxVersion: version });
  const accepted = new Promise<TLSSocket>((resolve) => listener.once('secureConnection', resolve));
  const port = await new Promise<number>((resolve) => {
    listener.listen(0, '127.0.0.1', () => resolve((listener.address() as AddressInfo).port));
  });
  const client = connect({ port, host: '127.0.0.1', rejectUnauthorized: false });
  await new Promise<void>((resolve, reject) => {
    client.once('secureConnect', resolve);
    client.once('error', reject);
  });
  const server = await accepted;
  closers.push(
    () => client.destroy(),
    () => server.destroy(),
    () => listener.close(),
  );
  return { client, server };
}

/** What the server holds against it, by its own account. */
function ofServer({ server }: Ends, type: BindingType, pair: Pair): Buffer {
  switch (type) {
    case 'tls-unique':
      return server.getPeerFinished() ?? Buffer.alloc(0);
    case 'tls-exporter':
      return server.exportKeyingMaterial(32, 'EXPORTER-Channel-Binding', Buffer.alloc(0));
    case 'tls-server-end-point':
      return createHash('sha256').update(derOf(pair)).digest();
  }
}

function derOf({ cert }: Pair): Buffer {
  const base64 = /-----BEGIN CERTIFICATE-----([^-]+)-----END/.exec(readFileSync(cert, 'latin1'))?.[1] ?? '';
  return Buffer.from(base64, 'base64');
}

async function logIn(client: TLSSocket, type: BindingType, server: ScramServer): Promise<string> {
  const scram = new Scram('sha256', USER, channelBinding(client, type));
  const final = await scram.respond(server.first(scram.initialResponse()));
  const last = server.final(final).toString();
  return last.startsWith('v=') ? scram.respond(Buffer.from(last)).then(() => scram.name) : last;
}

const ALL: readonly [BindingType, SecureVersion][] = [
  ['tls-unique', 'TLSv1.2'],
  ['tls-unique', 'TLSv1.3'],
  ['tls-exporter', 'TLSv1.3'],
  ['tls-server-end-point', 'TLSv1.2'],
  ['tls-server-end-point', 'TLSv1.3'],
];

describe.skipIf(LEFT_OUT).each(ALL)('%s over %s', (type, version) => {
  test('is the same at both ends, and a login with it succeeds', async () => {
    const ends = await connected(version);
    const expected = ofServer(ends, type, made.good);
    expect(channelBinding(ends.client, type)).toEqual({ type, data: expected });
    const server = new ScramServer('sha256', 'secret', expected);
    expect(await logIn(ends.client, type, server)).toBe('SCRAM-SHA-256-PLUS');
    expect(server.flag).toBe(`p=${type}`);
  });

  test('is another one to who passes a login on, with a certificate of his own', async () => {
    const [outer, inner] = [await connected(version, made.stranger), await connected(version)];
    const server = new ScramServer('sha256', 'secret', ofServer(inner, type, made.good));
    expect(await logIn(outer.client, type, server)).toBe('e=channel-bindings-dont-match');
  });

  test('is the same to who has the key of the server only where it names the certificate', async () => {
    const [outer, inner] = [await connected(version), await connected(version)];
    const server = new ScramServer('sha256', 'secret', ofServer(inner, type, made.good));
    const passed = await logIn(outer.client, type, server);
    const isOfCertificate = type === 'tls-server-end-point';
    expect(passed).toBe(isOfCertificate ? 'SCRAM-SHA-256-PLUS' : 'e=channel-bindings-dont-match');
  });
});

test.skipIf(LEFT_OUT)(
  'TLS 1.2 has no tls-exporter: it may be without the extended master secret',
  async () => {
    const { client } = await connected('TLSv1.2');
    expect(channelBinding(client, 'tls-exporter')).toBeUndefined();
  },
);
