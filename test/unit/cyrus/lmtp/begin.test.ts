import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createSecureContext } from 'node:tls';
import { beforeEach, describe, expect, test } from 'vitest';
import { begin, type LmtpAccess } from '../../../../src/cyrus/lmtp/begin.js';
import type { Login } from '../../../../src/cyrus/sasl/log-in.js';
import { LmtpDialogue } from '../../../../src/cyrus/lmtp/dialogue.js';
import { LmtpReplyParser } from '../../../../src/cyrus/lmtp/reply.js';
import { Connection } from '../../../../src/cyrus/wire/connection.js';
import { handshake, type TlsSettings } from '../../../../src/cyrus/wire/tls.js';
import { LoginError, ProtocolError, UnavailableError } from '../../../../src/errors.js';
import type { Endpoint } from '../../../../src/net/endpoint.js';
import { makeCertificates } from '../../../certificates.js';
import { DialogueServer } from '../../../fakes/dialogue-server.js';
import { lacks } from '../../../integration/tools.js';
import { afterwards, socketPath } from '../afterwards.js';
import { wired, type Wired } from './wired.js';

const ELSEWHERE: Endpoint = { kind: 'inet', host: 'mail.example.net', port: 2003 };
const LOGIN: Login = {
  credentials: { user: 'cyrus', password: 'secret', authorizationId: undefined },
  mechanisms: ['PLAIN'],
  plainAnywhere: false,
};

let rig: Wired;

beforeEach(async () => {
  rig = await wired();
});

function beginning(access: Partial<LmtpAccess> = {}): ReturnType<typeof begin> {
  return begin(rig.connection, rig.dialogue, rig.trace, {
    endpoint: rig.endpoint,
    tls: undefined,
    login: undefined,
    connectTimeoutMs: 5_000,
    replyTimeoutMs: 5_000,
    clientName: 'mx.example.jp',
    ...access,
  });
}

/** What lmtpd says to LHLO, without codes. */
function hello(...lines: readonly string[]): void {
  rig.lmtpd.override = (command) => {
    if (command.startsWith('AUTH')) return '235 2.7.0 ok\r\n';
    if (!command.startsWith('LHLO')) return undefined;
    return lines.map((line, i) => `250${i === lines.length - 1 ? ' ' : '-'}${line}\r\n`).join('');
  };
}

describe('the beginning of a session', () => {
  test('is our name, and what lmtpd offers', async () => {
    const offered = await beginning();
    expect(rig.lmtpd.commands).toEqual(['LHLO mx.example.jp']);
    expect(offered.get('AUTH')).toEqual(['EXTERNAL']);
    expect(offered.get('SIZE')).toEqual([]);
    expect(offered.has('SMTPUTF8')).toBe(false);
  });

  test('takes what is offered in letters of any case', async () => {
    hello('fake.test', 'smtputf8', 'Auth Plain Login', 'Ok');
    const offered = await beginning();
    expect(offered.has('SMTPUTF8')).toBe(true);
    expect(offered.get('AUTH')).toEqual(['PLAIN', 'LOGIN']);
  });

  test('does not take the name of the host for what it offers', async () => {
    hello('smtputf8', 'SIZE', 'Ok');
    expect([...(await beginning()).keys()]).toEqual(['SIZE', 'OK']);
  });

  test('learns the name that lmtpd gives the session, if it gives one', async () => {
    await beginning();
    expect(rig.dialogue.sessionId).toBe('fake-1');
  });

  test('and where it gives none, there is none', async () => {
    hello('fake.test', 'SIZE SESSIONID=<not-here>', 'SIZE', 'Ok');
    await beginning();
    expect(rig.dialogue.sessionId).toBeUndefined();
  });

  test.each([
    ['greeting', /^$/],
    ['LHLO', /^LHLO/],
  ])('ends where the %s is answered with anything else', async (name, pattern) => {
    rig = await wired((command) => (pattern.test(command) ? '251 2.0.0 hm\r\n' : undefined));
    await expect(beginning()).rejects.toThrow(new RegExp(`^lmtpd answered ${name} with 251 `));
  });
});

describe('a login', () => {
  test('is made where one is configured, and lmtpd offers it', async () => {
    hello('fake.test', 'AUTH PLAIN', 'Ok');
    const offered = await beginning({ login: LOGIN });
    expect(rig.lmtpd.commands.slice(1)).toEqual([
      `AUTH PLAIN ${Buffer.from('\0cyrus\0secret').toString('base64')}`,
    ]);
    expect(offered.has('AUTH')).toBe(true);
  });

  test('is not made by what lmtpd does not offer', async () => {
    hello('fake.test', 'SIZE', 'Ok');
    await expect(beginning({ login: LOGIN })).rejects.toThrow(
      /no login mechanism: the server offers none, allowed are PLAIN$/,
    );
    expect(rig.lmtpd.commands).toHaveLength(1);
  });

  test('sends no password in clear to another machine', async () => {
    hello('fake.test', 'AUTH PLAIN', 'Ok');
    await expect(beginning({ login: LOGIN, endpoint: ELSEWHERE })).rejects.toThrow(LoginError);
    expect(rig.lmtpd.commands).toHaveLength(1);
  });
});

describe('TLS', () => {
  /** Begins, and goes no further. */
  const settings = (mode: TlsSettings['mode']): TlsSettings => ({
    mode,
    serverName: 'mail.example.net',
    context: createSecureContext(),
    handshake: () => Promise.reject(new UnavailableError('TLS begins')),
  });

  test('begins before anything is said, where it is implicit', async () => {
    await expect(beginning({ tls: settings('implicit') })).rejects.toThrow('TLS begins');
    expect(rig.lmtpd.commands).toEqual([]);
  });

  test('begins after STARTTLS, and before a login', async () => {
    hello('fake.test', 'STARTTLS', 'AUTH PLAIN', 'Ok');
    const usual = rig.lmtpd.override;
    rig.lmtpd.override = (command, bytes) =>
      command === 'STARTTLS' ? '220 2.0.0 go ahead\r\n' : usual(command, bytes);
    await expect(beginning({ tls: settings('starttls'), login: LOGIN })).rejects.toThrow('TLS begins');
    expect(rig.lmtpd.commands).toEqual(['LHLO mx.example.jp', 'STARTTLS']);
  });

  test('that lmtpd does not offer is not asked for', async () => {
    await expect(beginning({ tls: settings('starttls') })).rejects.toThrow('lmtpd offers no STARTTLS');
    expect(rig.lmtpd.commands).toHaveLength(1);
  });

  test('does not begin where STARTTLS is answered with anything but 220', async () => {
    hello('fake.test', 'STARTTLS', 'Ok');
    const usual = rig.lmtpd.override;
    rig.lmtpd.override = (command, bytes) =>
      command === 'STARTTLS' ? '250 2.0.0 ok\r\n' : usual(command, bytes);
    await expect(beginning({ tls: settings('starttls') })).rejects.toThrow(ProtocolError);
  });

  test.skipIf(lacks('openssl'))('lets a password go to another machine, and that is shown', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'begin-'));
    afterwards(() => rmSync(folder, { recursive: true }));
    const { ca, good } = makeCertificates(folder);
    const [cert, key] = [readFileSync(good.cert), readFileSync(good.key)];
    const mode = 'implicit';
    const path = socketPath();
    const server = await DialogueServer.listen(
      path,
      {
        greeting: '220 fake.test Cyrus LMTP 3.6.1 server ready\r\n',
        usual: (command) =>
          command.startsWith('LHLO') ? '250-fake.test\r\n250-AUTH PLAIN\r\n250 Ok\r\n' : '235 2.7.0 ok\r\n',
        startsTls: () => false,
        ends: (command) => command === 'QUIT',
      },
      { mode, context: createSecureContext({ cert, key }) },
    );
    afterwards(() => server.stop());
    const connection = await Connection.open({ kind: 'unix', path }, new LmtpReplyParser(), 2_000);
    afterwards(() => connection.close());
    rig = { ...rig, connection, dialogue: new LmtpDialogue(connection, rig.trace) };
    const trusted = createSecureContext({ ca: readFileSync(ca) });
    const tls = { mode, serverName: 'mail.rig.test', context: trusted, handshake } as const;
    await beginning({ tls, endpoint: ELSEWHERE, login: LOGIN });
    const secret = Buffer.from('\0cyrus\0secret').toString('base64');
    expect(server.commands).toEqual(['LHLO mx.example.jp', `AUTH PLAIN ${secret}`]);
    expect(rig.lines.join()).toContain('TLSv1.3');
  });
});
