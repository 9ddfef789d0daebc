// Real Cyrus over a network, asked by the installed program: lmtpd that wants a login, and imapd, with each mechanism that
// sasldb alone serves, in clear and in TLS. What must not work says why, is TEMP, and floods no log, ours or Cyrus'.
import { copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseEndpoint } from '../../src/net/endpoint.js';
import { SocketmapConnection } from '../../src/socketmap/client.js';
import { makeCertificates, OTHER_NAME, type Certificates, type Pair } from '../certificates.js';
import { ADMIN, PASSWORD, startCyrus, SUITES, type CyrusContainer, type Suite } from '../containers/cyrus.js';
import { DaemonProcess } from '../containers/daemon.js';
import { inClear, Interceptor } from '../fakes/interceptor.js';
import { run, type Result } from '../integration/cyrusmapd-process.js';

const suites: readonly Suite[] = process.env.CYRUSMAPD_ALL_SUITES === undefined ? ['bookworm'] : SUITES;

const MECHANISMS = ['SCRAM-SHA-512', 'SCRAM-SHA-256', 'SCRAM-SHA-1', 'CRAM-MD5', 'PLAIN'] as const;
type Protocol = 'imap' | 'lmtp';
type Tls = 'none' | 'starttls' | 'implicit';

const WAYS: readonly [Protocol, Tls][] = [
  ['imap', 'none'],
  ['imap', 'starttls'],
  ['imap', 'implicit'],
  ['lmtp', 'none'],
  ['lmtp', 'starttls'],
];

const LOOKUPS = 25;

/** Of Cyrus SASL 2.1.27, bullseye's. */
const UNKNOWN_TO: Readonly<Partial<Record<Suite, readonly string[]>>> = { bullseye: ['SCRAM-SHA-512'] };

let folder: string;
let made: Certificates;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'auth-'));
  made = makeCertificates(folder);
  await writeFile(join(folder, 'password'), `${PASSWORD}\n`, { mode: 0o600 });
  await writeFile(join(folder, 'wrong'), 'guessed\n', { mode: 0o600 });
});
afterAll(() => rm(folder, { recursive: true }));

describe.each(suites)('Cyrus of %s', (suite) => {
  let cyrus: CyrusContainer;
  let tlsFolder: string;
  beforeAll(async () => {
    tlsFolder = await mkdtemp(join(tmpdir(), 'cyrus-tls-'));
    await copyFile(made.ca, join(tlsFolder, 'ca.pem'));
    await use(made.good);
    cyrus = await startCyrus({
      suite,
      tlsFolder,
      users: ['alice@example.jp'],
      // EXTERNAL is offered to who has shown a certificate only.
      imapd: { sasl_mech_list: [...MECHANISMS, 'EXTERNAL'].join(' ') },
    });
    const admin = await cyrus.admin();
    for (const local of ['alice', 'canary']) await admin.create(`user/${local}@example.jp`);
    await admin.close();
  });
  afterAll(() => cyrus?.stop());
  afterAll(() => rm(tlsFolder, { recursive: true, force: true }));

  /** For the next start of Cyrus. */
  async function use({ cert, key }: Pair): Promise<void> {
    await copyFile(cert, join(tlsFolder, 'cert.pem'));
    await copyFile(key, join(tlsFolder, 'key.pem'));
  }

  function config(protocol: Protocol, tls: Tls, more = '', password = 'password'): string {
    const imap = tls === 'implicit' ? cyrus.imaps : cyrus.imap;
    return `
      [backchannel.cyrus]
      type = "${protocol}"
      endpoint = "${protocol === 'imap' ? imap : cyrus.lmtpAuth}"
      user = "${ADMIN}"
      password_file = "${join(folder, password)}"
      canary = "canary@example.jp"
      tls = "${tls}"
      ${tls === 'none' ? '' : `ca_file = "${made.ca}"`}
      ${more}
    `;
  }

  const known = MECHANISMS.filter((name) => UNKNOWN_TO[suite]?.includes(name) !== true);
  const scrams = known.filter((name) => name.startsWith('SCRAM-'));
  /** Offered in TLS only. */
  const strongest = (tls: Tls): string => `${scrams[0] ?? ''}${tls === 'none' ? '' : '-PLUS'}`;

  describe.each(WAYS)('%s with tls = "%s"', (protocol, tls) => {
    const bound = tls === 'none' ? [] : scrams.map((name) => `${name}-PLUS`);
    test.each([...bound, ...known])('check logs in with %s, and is told what exists', async (mechanism) => {
      const toml = config(protocol, tls, `mechanisms = ["${mechanism}"]`);
      const [alice, nobody] = await Promise.all(
        ['alice@example.jp', 'nobody@example.jp'].map((key) => check(toml, key)),
      );
      expect([alice?.status, nobody?.status], alice?.stdout).toEqual([0, 1]);
      expect(alice?.stdout).toMatch(/^reply {6}19:OK alice@example\.jp,$/m);
      expect(nobody?.stdout).toMatch(/^reply {6}31:NOTFOUND Mailbox does not exist,$/m);
      expect(alice?.stdout).toContain(
        protocol === 'imap' ? `AUTHENTICATE ${mechanism}` : `AUTH ${mechanism}`,
      );
      expect(/\(TLSv1\.[23] begins\)/.test(alice?.stdout ?? '')).toBe(tls !== 'none');
      expectNoSecrets(alice?.stdout ?? '');
      const name = mechanism === 'PLAIN' ? '(?:PLAIN|plaintext)' : mechanism.replace('-PLUS', '(?:-PLUS)?');
      const secured = tls === 'none' ? ' ' : '\\+TLS';
      const logged = `${protocol === 'imap' ? 'imaps?' : 'lmtp\\w*'}\\[\\d+\\]: login: .* ${ADMIN} ${name}${secured}`;
      expect(await cyrus.log()).toMatch(new RegExp(logged));
    });

    test('the strongest mechanism is taken unless another is named', async () => {
      const { stdout } = await check(config(protocol, tls), 'alice@example.jp');
      expect(stdout).toMatch(new RegExp(`AUTH(?:ENTICATE)? ${strongest(tls)} `));
    });

    test('a wrong password: TEMP, one line, one attempt', async () => {
      const toml = config(protocol, tls, '', 'wrong');
      const refused = `user ${ADMIN}: login with ${strongest(tls)} refused: `;
      const why = new RegExp(`^${refused}`);
      expect(await check(toml, 'alice@example.jp')).toMatchObject({
        status: 75,
        stdout: expect.stringMatching(new RegExp(`^reply .*TEMP ${refused}`, 'm')),
      });
      const before = await failures();
      await expectOneLine(toml, why);
      expect((await failures()) - before).toBeLessThanOrEqual(FAILURES_A_DAEMON);
    });
  });

  test.each(WAYS.filter(([, tls]) => tls !== 'none'))(
    '%s with tls = "%s": a client certificate is as good as a password',
    async (protocol, tls) => {
      const own = `client_cert = "${made.client.cert}"\nclient_key = "${made.client.key}"`;
      const toml = config(protocol, tls, `mechanisms = ["EXTERNAL"]\n${own}`)
        .replace(/^ *user = .*$/m, '')
        .replace(/^ *password_file = .*$/m, '');
      expect(await check(toml, 'alice@example.jp')).toMatchObject({ status: 0 });
      expect(await check(toml, 'nobody@example.jp')).toMatchObject({
        status: 1,
        stdout: expect.stringMatching(/AUTH(?:ENTICATE)? EXTERNAL /),
      });
    },
  );

  describe('somebody between who has a certificate that we trust', () => {
    const between = (change = (text: string) => text): Promise<Interceptor> =>
      Interceptor.listen(made.good, Number(/^inet:(\d+)@/.exec(cyrus.imaps)?.[1]), change);
    const through = (interceptor: Interceptor, more = ''): string =>
      config('imap', 'implicit', more).replace(/endpoint = .*/, `endpoint = "${interceptor.endpoint}"`);

    test('passes on a login without channel binding, and none with it', async () => {
      const interceptor = await between();
      try {
        const plain = `mechanisms = ["${scrams[0] ?? ''}"]`;
        expect((await check(through(interceptor, plain), 'alice@example.jp')).status).toBe(0);
        expect(await check(through(interceptor), 'alice@example.jp')).toMatchObject({
          status: 75,
          stdout: expect.stringMatching(new RegExp(`login with ${strongest('implicit')} refused`)),
        });
        const none = 'channel_binding = "none"';
        expect((await check(through(interceptor, none), 'alice@example.jp')).status).toBe(0);
      } finally {
        interceptor.close();
      }
    });

    test('who takes the offer of it away is found out', async () => {
      const interceptor = await between((text) => text.replace(/ ?AUTH=\S+-PLUS/g, ''));
      try {
        expect(await check(through(interceptor), 'alice@example.jp')).toMatchObject({
          status: 75,
          stdout: expect.stringMatching(new RegExp(`login with ${scrams[0] ?? ''} refused`)),
        });
      } finally {
        interceptor.close();
      }
    });
  });

  test('where TLS ends before a Cyrus that knows of none, the login goes on without channel binding', async () => {
    const port = Number(/^inet:(\d+)@/.exec(cyrus.imap)?.[1]);
    const front = await Interceptor.listen(made.good, port, (text) => text, inClear);
    try {
      const toml = config('imap', 'implicit').replace(/endpoint = .*/, `endpoint = "${front.endpoint}"`);
      const { status, stdout } = await check(toml, 'alice@example.jp');
      expect([status, stdout]).toEqual([0, expect.stringContaining(`AUTHENTICATE ${scrams[0] ?? ''} `)]);
    } finally {
      front.close();
    }
  });

  test.each(['tls-exporter', 'tls-server-end-point'])(
    'a channel binding that Cyrus does not take, %s: TEMP',
    async (type) => {
      const toml = config('imap', 'implicit', `channel_binding = "${type}"`);
      const { status, stdout } = await check(toml, 'alice@example.jp');
      expect([status, stdout]).toEqual([75, expect.stringMatching(/login with SCRAM-\S+-PLUS refused/)]);
    },
  );

  test('over TLS 1.2 channel binding is the same', async () => {
    await cyrus.configure({ tls_versions: 'tls1_2' });
    for (const [protocol, tls] of WAYS.filter(([, way]) => way !== 'none')) {
      const { status, stdout } = await check(config(protocol, tls), 'alice@example.jp');
      expect(stdout).toContain('(TLSv1.2 begins)');
      expect([status, stdout]).toEqual([0, expect.stringContaining(strongest(tls))]);
    }
    await cyrus.configure({ tls_versions: '' });
  });

  test('a user who is no administrator of imapd: TEMP, and one line that says so', async () => {
    const toml = config('imap', 'starttls').replace(`user = "${ADMIN}"`, 'user = "alice@example.jp"');
    await expectOneLine(toml, /^alice@example\.jp is no administrator, see admins of imapd\.conf: /);
  });

  test('another name than the certificate is for: TEMP, and one line that says so', async () => {
    const toml = config('imap', 'starttls', `server_name = "${OTHER_NAME}"`);
    await expectOneLine(toml, /its certificate is for another name: /);
  });

  test('who trusts the authorities of the world only: TEMP, and one line that says so', async () => {
    const toml = config('imap', 'implicit').replace(/ca_file = .*/, '');
    await expectOneLine(toml, /its certificate is signed by an unknown authority/);
  });

  test.each([
    ['has expired', ({ expired }: Certificates) => expired, /its certificate has expired$/],
    [
      'is for another name',
      ({ wrongName }: Certificates) => wrongName,
      /its certificate is for another name: /,
    ],
    ['is self-signed', ({ selfSigned }: Certificates) => selfSigned, /its certificate is self-signed/],
  ])('a certificate of Cyrus that %s: TEMP, and one line that says so', async (_, pair, why) => {
    await use(pair(made));
    await cyrus.stopMaster();
    await cyrus.startMaster();
    for (const [protocol, tls] of WAYS.filter(([, way]) => way !== 'none')) {
      await expectOneLine(config(protocol, tls), why);
      const { status, stdout } = await check(config(protocol, tls), 'alice@example.jp');
      expect([status, stdout]).toEqual([75, expect.stringContaining('its certificate ')]);
    }
    await use(made.good);
    await cyrus.stopMaster();
    await cyrus.startMaster();
  });

  test.each(['imap', 'lmtp'] as const)(
    '%s without STARTTLS: TEMP, and one line that says so',
    async (protocol) => {
      const plain = await startCyrus({ suite });
      try {
        const endpoint = protocol === 'imap' ? plain.imap : plain.lmtpAuth;
        const toml = config(protocol, 'starttls').replace(/endpoint = .*/, `endpoint = "${endpoint}"`);
        await expectOneLine(toml, /offers no STARTTLS$/);
        expect((await check(toml, 'alice@example.jp')).status).toBe(75);
      } finally {
        await plain.stop();
      }
    },
  );

  /** Logins that Cyrus has refused. */
  async function failures(): Promise<number> {
    return (await cyrus.log()).match(/ badlogin: /g)?.length ?? 0;
  }
});

/** A lookup that finds the pool down never logs in; a list of all mailboxes may try for itself. */
const FAILURES_A_DAEMON = 2;

async function check(toml: string, key: string): Promise<Result> {
  const file = join(await mkdtemp(join(folder, 'check-')), 'cyrusmapd.toml');
  await writeFile(file, toml);
  return run('check', key, '--config', file);
}

/** A daemon that is asked many times says TEMP each time, and why once. */
async function expectOneLine(toml: string, why: RegExp): Promise<void> {
  const daemon = await DaemonProcess.start({ listen: ['inet:0@127.0.0.1'], config: toml });
  try {
    const client = await SocketmapConnection.connect(parseEndpoint(daemon.endpoints[0] ?? ''), 20_000);
    for (let i = 0; i < LOOKUPS; i++) {
      expect(
        (await client.lookup('cyrus', i % 2 === 0 ? 'alice@example.jp' : `u${i}@example.jp`)).status,
      ).toBe('TEMP');
    }
    client.close();
    await daemon.stop();
    await daemon.logged(/"event":"stopped"/);
    const lines = daemon.log(/"level":"(?:warn|error|fatal)"/).map((line) => JSON.parse(line));
    expect(lines.filter(({ event }) => event === 'backend-down')).toEqual([
      expect.objectContaining({ backchannel: 'cyrus', error: expect.stringMatching(why) }),
    ]);
    expect(lines.length, JSON.stringify(lines)).toBeLessThanOrEqual(2);
    expectNoSecrets(daemon.log().join('\n'));
  } finally {
    await daemon.stop();
  }
}

function expectNoSecrets(text: string): void {
  for (const secret of [PASSWORD, `\0${ADMIN}\0${PASSWORD}`, 'guessed']) {
    expect(text).not.toContain(secret);
    expect(text).not.toContain(Buffer.from(secret).toString('base64').replace(/=+$/, ''));
  }
}
