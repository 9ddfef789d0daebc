import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createSecureContext } from 'node:tls';
import { beforeEach, describe, expect, test } from 'vitest';
import { logInAsAdministrator, type ImapAccess } from '../../../../src/cyrus/imap/login.js';
import type { Login } from '../../../../src/cyrus/sasl/log-in.js';
import { handshake, type TlsSettings } from '../../../../src/cyrus/wire/tls.js';
import { LoginError, UnavailableError } from '../../../../src/errors.js';
import type { Endpoint } from '../../../../src/net/endpoint.js';
import { makeCertificates } from '../../../certificates.js';
import { PASSWORD, USER } from '../../../fakes/imap-server.js';
import { lacks } from '../../../integration/tools.js';
import { afterwards } from '../afterwards.js';
import { wired, type Wired } from './wired.js';

const ELSEWHERE: Endpoint = { kind: 'inet', host: 'mail.example.net', port: 143 };
const LOGIN: Login = {
  credentials: { user: USER, password: PASSWORD, authorizationId: undefined },
  mechanisms: ['PLAIN'],
  plainAnywhere: false,
};
const RESPONSE = Buffer.from(`\0${USER}\0${PASSWORD}`).toString('base64');

let rig: Wired;

beforeEach(async () => {
  rig = await wired();
});

function logIn(access: Partial<ImapAccess> = {}): ReturnType<typeof logInAsAdministrator> {
  return logInAsAdministrator(rig.connection, rig.dialogue, rig.trace, {
    endpoint: rig.endpoint,
    tls: undefined,
    login: LOGIN,
    connectTimeoutMs: 5_000,
    replyTimeoutMs: 5_000,
    ...access,
  });
}

/** What imapd says to a command, by its verb; `TAG` stands for the tag. */
function says(replies: Readonly<Record<string, string>>): void {
  rig.imapd.server.override = (command) => {
    const [tag = '', verb = ''] = command.split(' ');
    return replies[verb]?.replaceAll('TAG', tag);
  };
}

/** Connects anew to an imapd that greets so. */
async function greetedWith(greeting: string): Promise<void> {
  rig = await wired((command) => (command === '' ? greeting : undefined));
}

/** What it was told, without tags. */
const told = (): string[] => rig.imapd.server.commands.map((command) => command.replace(/^c[0-9]+ /, ''));

describe('a login', () => {
  test('is by what imapd offers when asked, then the separator and the proof that it is an administrator', async () => {
    expect(await logIn()).toBe('/');
    expect(told()).toEqual([
      'CAPABILITY',
      `AUTHENTICATE PLAIN ${RESPONSE}`,
      'NAMESPACE',
      expect.stringMatching(/^GETQUOTA "/),
    ]);
  });

  test('has its response on a line of its own where imapd does not offer otherwise', async () => {
    let offered = false;
    rig.imapd.server.override = (command, usual) => {
      if (command.endsWith('CAPABILITY')) return usual.replace(' SASL-IR', '');
      if (command.endsWith('AUTHENTICATE PLAIN')) {
        offered = true;
        return '+ \r\n';
      }
      return command === RESPONSE ? 'c2 OK welcome SESSIONID=<cyrus-7>\r\n' : undefined;
    };
    expect(await logIn()).toBe('/');
    expect([offered, rig.dialogue.sessionId]).toEqual([true, 'cyrus-7']);
  });

  test('is not needed where imapd takes us for somebody already', async () => {
    await greetedWith('* PREAUTH hello cyrus\r\n');
    expect(await logIn()).toBe('/');
    expect(told()[0]).toBe('NAMESPACE');
  });

  test('is needed where it does not, and none is configured', async () => {
    await expect(logIn({ login: undefined })).rejects.toThrow(LoginError);
    expect(told()).toEqual([]);
  });

  test('sends no password in clear to another machine', async () => {
    await expect(logIn({ endpoint: ELSEWHERE })).rejects.toThrow(LoginError);
    expect(told()).toEqual(['CAPABILITY']);
  });

  test('takes mechanisms alone for mechanisms, and only what the answer holds, not the greeting', async () => {
    await greetedWith('* OK [CAPABILITY IMAP4rev1 AUTH=PLAIN] hello\r\n');
    says({
      CAPABILITY: '* CAPABILITY IMAP4rev1 PLAIN XAUTH=PLAIN AUTH=GSSAPI\r\n* 5 EXISTS\r\nTAG OK done\r\n',
    });
    await expect(logIn()).rejects.toThrow(/no login mechanism: the server offers GSSAPI, allowed are PLAIN/);
  });
});

describe('the separator of names', () => {
  const namespace = (others: string): void =>
    says({ NAMESPACE: `* OK wait\r\n* NAMESPACE NIL ${others} NIL\r\nTAG OK done\r\n` });

  test.each([
    ['(("user/" "/"))', '/'],
    ['(("user." "."))', '.'],
    ['(("Other/" "/")("user." "."))', '.'],
  ])('of other users %s is %s', async (others, separator) => {
    namespace(others);
    expect(await logIn()).toBe(separator);
  });

  test.each(['NIL', '(("Other Users/" "/"))', '(("user/" "."))', '(("user^" "^"))', '(("user/" NIL))'])(
    'of other users %s is that of no administrator',
    async (others) => {
      namespace(others);
      await expect(logIn()).rejects.toThrow(
        new LoginError(
          `${USER} is no administrator, see admins of imapd.conf: other users have no namespace user/ or user.`,
        ),
      );
    },
  );

  test('of somebody who acts for another one is that of the other', async () => {
    namespace('NIL');
    const login = { ...LOGIN, credentials: { ...LOGIN.credentials, authorizationId: 'admin' } };
    says({ AUTHENTICATE: 'TAG OK done\r\n', NAMESPACE: '* NAMESPACE NIL NIL NIL\r\nTAG OK done\r\n' });
    await expect(logIn({ login })).rejects.toThrow(/^admin is no administrator/);
  });

  test('of who did not log in names nobody', async () => {
    await greetedWith('* PREAUTH hello\r\n');
    says({ NAMESPACE: '* NAMESPACE NIL NIL NIL\r\nTAG OK done\r\n' });
    await expect(logIn({ login: undefined })).rejects.toThrow(/^who logged in is no administrator/);
  });
});

describe('an administrator', () => {
  test.each(['TAG OK done\r\n', 'TAG NO Quota root does not exist\r\n'])(
    'is who may ask for a quota: %j',
    async (reply) => {
      says({ GETQUOTA: reply });
      expect(await logIn()).toBe('/');
    },
  );

  test('is nobody who may not', async () => {
    says({ GETQUOTA: 'TAG NO Permission denied\r\n' });
    await expect(logIn()).rejects.toThrow(
      new LoginError(
        `${USER} is no administrator, see admins of imapd.conf: GETQUOTA was answered with NO Permission denied`,
      ),
    );
  });

  test('may be, where that cannot be told: it is tried again soon', async () => {
    says({ GETQUOTA: 'TAG NO [X] System I/O error\r\n' });
    await expect(logIn()).rejects.toThrow(
      new UnavailableError('GETQUOTA was answered with NO [X] System I/O error'),
    );
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
    await expect(logIn({ tls: settings('implicit') })).rejects.toThrow('TLS begins');
    expect(told()).toEqual([]);
  });

  test('begins after STARTTLS, and before the login', async () => {
    says({
      CAPABILITY: '* CAPABILITY IMAP4rev1 STARTTLS AUTH=PLAIN\r\nTAG OK done\r\n',
      STARTTLS: 'TAG OK begin\r\n',
    });
    await expect(logIn({ tls: settings('starttls') })).rejects.toThrow('TLS begins');
    expect(told()).toEqual(['CAPABILITY', 'STARTTLS']);
  });

  test('that imapd does not offer is not asked for', async () => {
    await expect(logIn({ tls: settings('starttls') })).rejects.toThrow('imapd offers no STARTTLS');
    expect(told()).toEqual(['CAPABILITY']);
  });

  test('is not possible any more where imapd takes us for somebody already', async () => {
    await greetedWith('* PREAUTH hello\r\n');
    await expect(logIn({ tls: settings('starttls') })).rejects.toThrow('no STARTTLS is possible then');
    expect(told()).toEqual([]);
  });

  test.skipIf(lacks('openssl'))('lets a password go to another machine, and that is shown', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'login-'));
    afterwards(() => rmSync(folder, { recursive: true }));
    const { ca, good } = makeCertificates(folder);
    const [cert, key] = [readFileSync(good.cert), readFileSync(good.key)];
    const mode = 'implicit';
    rig = await wired(undefined, { mode, context: createSecureContext({ cert, key }) });
    const trusted = createSecureContext({ ca: readFileSync(ca) });
    const tls = { mode, serverName: 'mail.rig.test', context: trusted, handshake } as const;
    expect(await logIn({ tls, endpoint: ELSEWHERE })).toBe('/');
    expect(told()).toContain(`AUTHENTICATE PLAIN ${RESPONSE}`);
    expect(rig.lines[0]).toContain('TLSv1.3');
  });
});
