// TLS and logins of both protocols, against fakes with certificates made for the purpose: whatever is wrong, it is TEMP
// with one line that names the reason, and no password is sent to whoever should not have it.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createSecureContext } from 'node:tls';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { makeCertificates, OTHER_NAME, type Certificates, type Pair } from '../certificates.js';
import { DialogueServer, SILENCE, type Protocol, type Tls } from '../fakes/dialogue-server.js';
import { afterwards, standStill, turns } from './lmtp-rig.js';
import { imapToml, NetworkRig, passwordFile, startImap } from './network-rig.js';
import { lacks } from './tools.js';

standStill();

const LEFT_OUT = lacks('openssl');

let folder: string;
let made: Certificates;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'tls-'));
  if (!LEFT_OUT) made = makeCertificates(folder);
});
afterAll(() => rmSync(folder, { recursive: true }));

type Mode = 'starttls' | 'implicit';

/** A server of a protocol, and a rig that asks it. */
type Side = { readonly server: DialogueServer; readonly rig: NetworkRig };
type Start = (tls: Tls | undefined, keys: string) => Promise<Side>;

const PROTOCOLS: readonly [string, Start][] = [
  [
    'IMAP',
    async (tls, keys) => {
      const { imapd, rig } = await startImap({ ...(tls && { tls }), keys });
      return { server: imapd.server, rig };
    },
  ],
  [
    'LMTP',
    async (tls, keys) => {
      const server = await DialogueServer.listen(0, lmtpd(tls), tls);
      afterwards(() => server.stop());
      const toml = `
        [backchannel.cyrus]
        type = "lmtp"
        endpoint = "${server.endpoint}"
        user = "cyrus"
        password_file = "${passwordFile('secret')}"
        canary = "canary@example.jp"
        autocreate = "accept"
        ${keys}
      `;
      return { server, rig: await NetworkRig.open(toml) };
    },
  ],
];

const LOGIN = `PLAIN ${Buffer.from('\0cyrus\0secret').toString('base64')}`;

/** As Cyrus' lmtpd where it wants a login; alice and the canary exist. */
function lmtpd(tls: Tls | undefined): Protocol {
  let transactions = 0;
  return {
    greeting: '220 fake.test Cyrus LMTP 3.6.1 server ready\r\n',
    usual(command, secured) {
      if (command.startsWith('LHLO')) {
        const starttls = tls?.mode === 'starttls' && !secured ? '250-STARTTLS\r\n' : '';
        return `250-fake.test\r\n${starttls}250-AUTH GSSAPI PLAIN\r\n250 Ok SESSIONID=<fake>\r\n`;
      }
      if (command === `AUTH ${LOGIN}`) return '235 Authenticated!\r\n';
      if (command.startsWith('AUTH')) return '501 5.5.4 authentication failure\r\n';
      if (command === 'STARTTLS') return '220 2.0.0 Begin TLS negotiation now\r\n';
      if (command === 'MAIL FROM:<>') return '250 2.1.0 ok\r\n';
      if (/^RCPT TO:<(?:alice|canary)@example\.jp>$/.test(command)) return '250 2.1.5 ok\r\n';
      if (command.startsWith('RCPT')) return '550 5.1.1 User unknown\r\n';
      return `250 2.0.0 Ok SESSIONID=<fake-${transactions++}>\r\n`;
    },
    startsTls: (command) => command === 'STARTTLS',
    ends: (command) => command === 'QUIT',
  };
}

function serverTls(
  mode: Mode,
  pair: Pair,
  more: { requestCert?: boolean; maxVersion?: 'TLSv1.2' } = {},
): Tls {
  const { requestCert = false, maxVersion } = more;
  const context = createSecureContext({
    cert: readFileSync(pair.cert),
    key: readFileSync(pair.key),
    ca: readFileSync(made.ca),
    ...(maxVersion && { maxVersion }),
  });
  return { mode, context, requestCert };
}

function clientKeys(mode: Mode, more = ''): string {
  return `tls = "${mode}"\nca_file = "${made.ca}"\n${more}`;
}

const MODES: readonly Mode[] = ['starttls', 'implicit'];
const CASES = PROTOCOLS.flatMap(([name, start]) => MODES.map((mode) => ({ name, mode, start })));

describe.skipIf(LEFT_OUT).each(CASES)('$name with tls = "$mode"', ({ mode, start }) => {
  test('logs in and asks in TLS only', async () => {
    const { server, rig } = await start(serverTls(mode, made.good), clientKeys(mode));
    expect(await rig.askAll('alice@example.jp', 'nobody@example.jp')).toEqual(['deliverable', 'unknown']);
    expect(server.dialogues.map(({ secured }) => secured)).toEqual([true]);
    expect(rig.lines).toEqual([]);
  });

  test('trusts a self-signed certificate that ca_file holds', async () => {
    const keys = `tls = "${mode}"\nca_file = "${made.selfSigned.cert}"\n`;
    const { rig } = await start(serverTls(mode, made.selfSigned), keys);
    expect(await rig.askAll('alice@example.jp')).toEqual(['deliverable']);
  });

  test('takes server_name for the name of the server', async () => {
    const keys = clientKeys(mode, `server_name = "${OTHER_NAME}"`);
    const { rig } = await start(serverTls(mode, made.wrongName), keys);
    expect(await rig.askAll('alice@example.jp')).toEqual(['deliverable']);
  });

  test('shows its own certificate to who asks for it', async () => {
    const keys = clientKeys(mode, `client_cert = "${made.client.cert}"\nclient_key = "${made.client.key}"`);
    const { rig } = await start(serverTls(mode, made.good, { requestCert: true }), keys);
    expect(await rig.askAll('alice@example.jp')).toEqual(['deliverable']);
  });

  const BAD: [string, (made: Certificates) => Pair, RegExp][] = [
    ['has expired', ({ expired }) => expired, /its certificate has expired$/],
    [
      'is for another name',
      ({ wrongName }) => wrongName,
      /its certificate is for another name: .*127\.0\.0\.1/,
    ],
    ['is from a stranger', ({ stranger }) => stranger, /its certificate is signed by an unknown authority/],
    ['is self-signed', ({ selfSigned }) => selfSigned, /its certificate is self-signed, and not in ca_file$/],
  ];
  test.each(BAD)(
    'a certificate that %s: TEMP, one line that says so, and no password',
    async (_, pair, why) => {
      const { server, rig } = await start(serverTls(mode, pair(made)), clientKeys(mode));
      for (let i = 0; i < 20; i++) expect(await rig.askAll(`u${i}@example.jp`)).toEqual(['deferred']);
      expect(await rig.reason('alice@example.jp')).toMatch(why);
      expect(rig.lines).toEqual([{ event: 'backend-down', error: expect.stringMatching(why) }]);
      expect(server.commands.filter((command) => /AUTH/.test(command))).toEqual([]);
      expect(server.dialogues).toHaveLength(1);
    },
  );

  test('a bad certificate is refused whatever the environment says', async () => {
    vi.stubEnv('NODE_TLS_REJECT_UNAUTHORIZED', '0');
    afterwards(() => void vi.unstubAllEnvs());
    const { server, rig } = await start(serverTls(mode, made.stranger), clientKeys(mode));
    expect(await rig.reason('alice@example.jp')).toMatch(/signed by an unknown authority/);
    expect(server.commands.filter((command) => /AUTH/.test(command))).toEqual([]);
  });

  test('a server that speaks too old a TLS: TEMP', async () => {
    const keys = clientKeys(mode, 'tls_min_version = "1.3"');
    const { rig } = await start(serverTls(mode, made.good, { maxVersion: 'TLSv1.2' }), keys);
    expect(await rig.reason('alice@example.jp')).toMatch(
      /no TLS with 127\.0\.0\.1: .*(?:protocol version|before secure TLS connection)/i,
    );
  });

  test('a server that wants a certificate that we do not have: TEMP', async () => {
    const { rig } = await start(serverTls(mode, made.good, { requestCert: true }), clientKeys(mode));
    expect(await rig.askAll('alice@example.jp')).toEqual(['deferred']);
    expect(rig.lines).toHaveLength(1);
  });

  test('a handshake that never ends: TEMP at the deadline, and the connection is given up', async () => {
    const { server, rig } = await start(serverTls(mode, made.good), clientKeys(mode));
    server.securing = false;
    server.override = (command) => (/LHLO|CAPABILITY|STARTTLS|^$/.test(command) ? undefined : SILENCE);
    const asked = rig.askAll('alice@example.jp');
    await server.until(
      () => mode === 'implicit' || server.commands.some((each) => each.endsWith('STARTTLS')),
    );
    await turns();
    await rig.pass(12_000);
    expect(await asked).toEqual(['deferred']);
    await server.until(() => server.connections === 0);
  });
});

describe.skipIf(LEFT_OUT).each(PROTOCOLS)('STARTTLS over %s', (_, start) => {
  test('that is not offered: TEMP, one line, and nothing is said in clear', async () => {
    const { server, rig } = await start(undefined, clientKeys('starttls'));
    for (let i = 0; i < 5; i++) expect(await rig.askAll(`u${i}@example.jp`)).toEqual(['deferred']);
    expect(rig.lines).toEqual([
      { event: 'backend-down', error: expect.stringMatching(/offers no STARTTLS$/) },
    ]);
    expect(server.commands.filter((command) => /AUTH|GETQUOTA|RCPT/.test(command))).toEqual([]);
  });

  test('that is refused: TEMP', async () => {
    const { server, rig } = await start(serverTls('starttls', made.good), clientKeys('starttls'));
    server.override = (command, usual) =>
      command.endsWith('STARTTLS')
        ? usual.replace(/OK.*|220.*/, 'NO not now').replace(/^NO/, '454 4.7.0')
        : undefined;
    expect(await rig.reason('alice@example.jp')).toMatch(/answered STARTTLS with/);
  });

  test.each([
    ['in the same write', (usual: string, more: string) => usual + more],
    ['without an end', (usual: string) => `${usual}* CAPABILITY`],
  ])('with bytes in clear behind the reply, %s: the connection is killed', async (_, inject) => {
    const { server, rig } = await start(serverTls('starttls', made.good), clientKeys('starttls'));
    server.override = (command, usual) =>
      command.endsWith('STARTTLS') ? inject(usual, '* CAPABILITY AUTH=PLAIN\r\n') : undefined;
    expect(await rig.reason('alice@example.jp')).toContain('the peer sent a reply too many');
    expect(server.commands.filter((command) => /AUTH/.test(command))).toEqual([]);
  });

  test('with bytes in clear at once behind STARTTLS: the connection is killed', async () => {
    const { server, rig } = await start(serverTls('starttls', made.good), clientKeys('starttls'));
    server.override = (command, usual) =>
      command.endsWith('STARTTLS') ? `${usual}* OK [ALERT] injected\r\n` : undefined;
    expect(await rig.reason('alice@example.jp')).toMatch(/a reply too many/);
    expect(server.commands.filter((command) => /AUTH/.test(command))).toEqual([]);
  });

  test('with bytes in clear instead of a handshake: the connection is killed', async () => {
    const { server, rig } = await start(serverTls('starttls', made.good), clientKeys('starttls'));
    server.securing = false;
    server.override = (command, usual) => {
      if (!command.endsWith('STARTTLS')) return undefined;
      void turns().then(() => server.say('250-AUTH PLAIN\r\n250 Ok\r\n* OK more\r\n'));
      return usual;
    };
    expect(await rig.reason('alice@example.jp')).toContain('what it says is not TLS');
    expect(server.commands.filter((command) => /AUTH/.test(command))).toEqual([]);
  });

  test('forgets what was offered in clear', async () => {
    const { server, rig } = await start(serverTls('starttls', made.good), clientKeys('starttls'));
    let asked = 0;
    server.override = (command, usual) => {
      if (!/LHLO|CAPABILITY/.test(command)) return undefined;
      asked += 1;
      return asked === 1 ? usual : usual.replace(/AUTH=PLAIN|PLAIN/, 'AUTH=GSSAPI');
    };
    expect(await rig.reason('alice@example.jp')).toMatch(/no login mechanism: the server offers/);
    expect(asked).toBe(2);
  });
});

describe.skipIf(LEFT_OUT)('IMAP', () => {
  test('that greets with PREAUTH where STARTTLS is wanted: TEMP, nothing is asked', async () => {
    const tls = serverTls('starttls', made.good);
    const { imapd, rig } = await startImap({ tls, keys: clientKeys('starttls') });
    imapd.server.override = (command) => (command === '' ? '* PREAUTH hello cyrus\r\n' : undefined);
    expect(await rig.reason('alice@example.jp')).toMatch(
      /imapd greeted with PREAUTH: no STARTTLS is possible/,
    );
    expect(imapd.server.commands).toEqual([]);
  });

  test('that greets with PREAUTH otherwise is asked without a login', async () => {
    const { imapd, rig } = await startImap();
    imapd.server.override = (command) => (command === '' ? '* PREAUTH hello cyrus\r\n' : undefined);
    expect(await rig.askAll('alice@example.jp', 'nobody@example.jp')).toEqual(['deliverable', 'unknown']);
    expect(imapd.logins).toBe(0);
  });
});

describe.each(PROTOCOLS)('a login over %s', (name, start) => {
  test('that is refused: TEMP, one line, and no other for five minutes', async () => {
    const { server, rig } = await start(undefined, '');
    server.override = (command) => {
      if (!/AUTH/.test(command)) return undefined;
      return name === 'IMAP' ? `${command.split(' ')[0]} NO authentication failure\r\n` : '535 5.7.8 no\r\n';
    };
    const logins = (): number => server.commands.filter((command) => /AUTH/.test(command)).length;
    const why = /user cyrus: login with PLAIN refused: (?:535 5\.7\.8 no|authentication failure)$/;
    for (let i = 0; i < 30; i++) {
      expect(await rig.askAll('alice@example.jp', `u${i}@example.jp`)).toEqual(['deferred', 'deferred']);
      await rig.pass(9_000);
    }
    expect(logins()).toBe(1);
    expect(rig.lines).toEqual([{ event: 'backend-down', error: expect.stringMatching(why) }]);
    expect(JSON.stringify(rig.lines)).not.toContain('secret');

    server.override = () => undefined;
    await rig.pass(60_000);
    expect(await rig.askAll('alice@example.jp')).toEqual(['deliverable']);
    expect(rig.lines.map(({ event }) => event)).toEqual(['backend-down', 'backend-up']);
  });

  test('with no mechanism in common: TEMP, and it says which there are', async () => {
    const { rig } = await start(undefined, 'mechanisms = ["SCRAM-SHA-256", "CRAM-MD5"]');
    expect(await rig.reason('alice@example.jp')).toMatch(
      /user cyrus: no login mechanism: the server offers .*PLAIN, allowed are SCRAM-SHA-256 CRAM-MD5$/,
    );
  });

  test('that the server succeeds in before it is told who logs in is none', async () => {
    const { server, rig } = await start(undefined, '');
    server.override = (command) => {
      if (!/AUTH/.test(command)) return undefined;
      const more = name === 'IMAP' ? '+ cmVhbGx5Pw==\r\n' : '334 cmVhbGx5Pw==\r\n';
      return more;
    };
    expect(await rig.reason('alice@example.jp')).toContain('PLAIN: the server sent one challenge too many');
  });
});

describe('an IMAP login', () => {
  test('of no administrator: TEMP, one line, and he is asked for nothing', async () => {
    const { imapd, rig } = await startImap();
    imapd.administrator = false;
    const why =
      /^cyrus is no administrator, see admins of imapd\.conf: GETQUOTA was answered with NO Permission denied$/;
    for (let i = 0; i < 10; i++) expect(await rig.askAll(`u${i}@example.jp`)).toEqual(['deferred']);
    expect(rig.lines).toEqual([{ event: 'backend-down', error: expect.stringMatching(why) }]);
    expect(imapd.asked).toEqual([]);
    expect(imapd.logins).toBe(1);
  });

  test('that cannot be told from an administrator’s is tried again soon', async () => {
    const { imapd, rig } = await startImap();
    imapd.server.override = (command) =>
      / GETQUOTA /.test(command) ? `${command.split(' ')[0]} NO System I/O error\r\n` : undefined;
    expect(await rig.reason('alice@example.jp')).toBe('GETQUOTA was answered with NO System I/O error');
    imapd.server.override = () => undefined;
    await rig.pass(1_000);
    expect(await rig.askAll('alice@example.jp')).toEqual(['deliverable']);
  });

  test('that sees other users under another name is no administrator’s', async () => {
    const { imapd, rig } = await startImap();
    imapd.server.override = (command, usual) =>
      command.endsWith('NAMESPACE') ? usual.replace('"user/"', '"Other Users/"') : undefined;
    expect(await rig.reason('alice@example.jp')).toContain('no administrator');
  });

  test('with a domain of its own is asked about the default domain by name', async () => {
    const { imapd } = await startImap();
    imapd.mailboxes.set('user/dave@rig.test', {});
    const keys = 'authorization_id = "admin@example.jp"\nmechanisms = ["PLAIN"]';
    imapd.server.override = (command) =>
      / AUTHENTICATE /.test(command) ? `${command.split(' ')[0]} OK Success\r\n` : undefined;
    for (const [more, verdicts] of [
      ['', ['deferred', 'deliverable', 'deliverable']],
      ['[lookup]\ndefault_domain = "rig.test"', ['deliverable', 'deliverable', 'deliverable']],
    ] as const) {
      const rig = await NetworkRig.open(imapToml(imapd.server.endpoint, { keys, more }));
      const said = await rig.askAll('dave', 'dave@rig.test', 'alice@example.jp');
      expect([more, said]).toEqual([more, verdicts]);
    }
  });

  test('is masked in what check prints', async () => {
    const lines: string[] = [];
    const { rig } = await startImap({ trace: (direction, line) => lines.push(`${direction} ${line}`) });
    await rig.askAll('alice@example.jp');
    expect(lines.slice(0, 8)).toEqual([
      expect.stringMatching(/^< \* OK \[CAPABILITY /),
      '> c1 CAPABILITY',
      expect.stringMatching(/^< \* CAPABILITY /),
      '< c1 OK Completed',
      '> c2 AUTHENTICATE PLAIN ***',
      '< c2 OK Success (no protection)',
      '> c3 NAMESPACE',
      '< * NAMESPACE NIL (("user/" "/")) (("" "/"))',
    ]);
    expect(lines.join('\n')).not.toContain(Buffer.from('\0cyrus\0secret').toString('base64'));
  });
});

test.skipIf(LEFT_OUT)('the certificates are what their names say', () => {
  const verify = (file: string): string => {
    try {
      return execFileSync('openssl', ['verify', '-CAfile', made.ca, file], {
        encoding: 'utf8',
        stdio: 'pipe',
      });
    } catch (error) {
      return String(Object(error).stderr);
    }
  };
  expect(verify(made.good.cert)).toMatch(/OK$/m);
  expect(verify(made.expired.cert)).toContain('certificate has expired');
  expect(verify(made.stranger.cert)).toContain('unable to get local issuer');
});
