import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'smol-toml';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { BUILT_IN_LIST } from '../../../src/config/built-in.js';
import type { Flags } from '../../../src/config/flags.js';
import { FILE_MAX_BYTES, loadConfig } from '../../../src/config/load.js';
import { ConfigError, UsageError } from '../../../src/errors.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cyrusmapd-config-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const LMTP = '[backchannel.cyrus]\ntype = "lmtp"\nendpoint = "unix:/run/lmtp"\n';

function written(text: string | Buffer): string {
  const file = join(folder, 'cyrusmapd.toml');
  writeFileSync(file, text);
  return file;
}

async function load(text: string, flags: Flags = {}) {
  return (await loadConfig({ ...flags, config: written(text) })).config;
}

async function failure(flags: Flags): Promise<string> {
  const error: unknown = await loadConfig(flags, undefined, []).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(ConfigError);
  return (error as ConfigError).message;
}

describe('the defaults', () => {
  test('are in force where the file only names a back-channel', async () => {
    const file = written(LMTP);
    const { config } = await loadConfig({ config: file });
    expect(config).toEqual({
      file,
      host: undefined,
      socketmap: {
        listen: [{ kind: 'unix', path: '/var/run/cyrusmapd/socketmap' }],
        allow: [],
        socketOwner: undefined,
        socketGroup: undefined,
        socketMode: 0o660,
        maxConnections: 4096,
        maxWaiting: 100,
        maxRequestBytes: 10_000,
        idleTimeoutMs: 7_200_000,
        requestTimeoutMs: 10_000,
        writeTimeoutMs: 10_000,
        lingerTimeoutMs: 3_600_000,
        backlog: 1024,
        shutdownGraceMs: 10_000,
        takeoverGraceMs: 900_000,
      },
      policy: {
        listen: [],
        allow: [],
        socketOwner: undefined,
        socketGroup: undefined,
        socketMode: 0o660,
        maxConnections: 1024,
        maxRequestBytes: 16_384,
        deliverable: 'DUNNO',
        unknown: '550 5.1.1 User unknown',
        overQuota: '452 4.2.2 Mailbox full',
        refused: '550 5.7.1 Not permitted to post there',
        deferred: '451 4.3.0 Mailbox cannot be verified now, try again later',
      },
      lookup: {
        deadlineMs: 5000,
        eightBit: 'reject',
        addressRules: {
          downcase: true,
          postUser: '',
          virtualDomains: true,
          defaultDomain: undefined,
          asksEightBit: false,
        },
        alwaysAccept: [],
        alwaysAcceptFile: undefined,
        domainsComplete: false,
      },
      maps: new Map(),
      defaultMap: {
        keys: 'recipients',
        overQuota: 'temp',
        refused: 'reject',
        detail: 'inbox',
        queueId: false,
      },
      domainAnswers: new Map(),
      events: undefined,
      fleet: undefined,
      cyrus: { imapdConf: undefined, clock: true, directory: false },
      shadow: { endpoint: undefined, only: false, connections: 4, maxWaiting: 1000, timeoutMs: 5000 },
      cache: {
        knownTtlMs: 60_000,
        negativeTtlMs: undefined,
        overQuotaTtlMs: 30_000,
        serveStaleMs: 86_400_000,
        maxKnown: 100_000,
        maxNegative: 20_000,
        snapshotIntervalMs: 900_000,
        stateFile: undefined,
        stateIntervalMs: 300_000,
      },
      backchannels: [
        {
          type: 'lmtp',
          name: 'cyrus',
          endpoint: { kind: 'unix', path: '/run/lmtp' },
          canaries: [],
          login: undefined,
          tls: undefined,
          connections: 2,
          batch: 128,
          maxWaiting: 10_000,
          idleTimeoutMs: 60_000,
          connectTimeoutMs: 2000,
          replyTimeoutMs: 10_000,
          unprovenTimeoutMs: 250,
          backoffMinMs: 1000,
          backoffMaxMs: 10_000,
          loginBackoffMs: 300_000,
          strictQuota: false,
          autocreate: 'defer',
          second: undefined,
          replica: false,
          stream: undefined,
        },
      ],
      domains: [{ domain: '*', backchannels: ['cyrus'] }],
      admin: {
        listen: undefined,
        socketGroup: undefined,
        socketMode: 0o660,
        http: undefined,
        allow: [],
        sasldb: undefined,
        decisions: 10_000,
        harvest: 5,
      },
      log: {
        level: 'info',
        format: 'auto',
        file: undefined,
        maxPendingBytes: 1_048_576,
        maxBytesPerSecond: 262_144,
        maxRefusedPerSecond: 100,
      },
    });
  });

  test('are frozen through and through', async () => {
    const config = await load(LMTP);
    expect(Object.isFrozen(config)).toBe(true);
    expect(Object.isFrozen(config.socketmap.listen)).toBe(true);
    expect(Object.isFrozen(config.socketmap.listen[0])).toBe(true);
    expect(Object.isFrozen(config.defaultMap)).toBe(true);
  });
});

describe('the file', () => {
  test('overrides the defaults', async () => {
    const config = await load(`
      [socketmap]
      listen = ["inet:7860@192.0.2.1", "inet6:7860@::1", "local:/run/cyrusmapd/socketmap"]
      allow = ["192.0.2.0/24", "2001:db8::/32", "198.51.100.7"]
      socket_mode = "600"
      socket_group = "smmsp"
      shutdown_grace = "0s"
      [lookup]
      deadline = "250ms"
      over_quota = "ok"
      always_accept = ["Postmaster", "abuse@Example.jp"]
      ${LMTP}
      canary = "Canary@Example.jp"
      [log]
      level = "debug"
      file = "/var/log/cyrusmapd.log"
    `);
    expect(config.socketmap.listen).toEqual([
      { kind: 'inet', host: '192.0.2.1', port: 7860 },
      { kind: 'inet6', host: '::1', port: 7860 },
      { kind: 'unix', path: '/run/cyrusmapd/socketmap' },
    ]);
    expect(config.socketmap.allow).toEqual([
      { address: '192.0.2.0', prefix: 24, family: 'ipv4' },
      { address: '2001:db8::', prefix: 32, family: 'ipv6' },
      { address: '198.51.100.7', prefix: 32, family: 'ipv4' },
    ]);
    expect(config.socketmap.socketMode).toBe(0o600);
    expect(config.socketmap.socketGroup).toBe('smmsp');
    expect(config.socketmap.shutdownGraceMs).toBe(0);
    expect(config.lookup.deadlineMs).toBe(250);
    expect(config.defaultMap.overQuota).toBe('ok');
    expect(config.lookup.alwaysAccept).toEqual(['postmaster', 'abuse@example.jp']);
    expect(config.backchannels[0]).toMatchObject({ canaries: [{ mailbox: 'canary@example.jp' }] });
    expect(config.log).toMatchObject({ level: 'debug', file: '/var/log/cyrusmapd.log' });
  });

  test('leaves addresses as they are written where Cyrus does not fold them', async () => {
    const config = await load(
      `lookup = { downcase = false, always_accept = ["Postmaster"] }\n${LMTP}canary = "Canary@Example.jp"`,
    );
    expect(config.lookup.alwaysAccept).toEqual(['Postmaster']);
    expect(config.backchannels[0]).toMatchObject({ canaries: [{ address: 'Canary@Example.jp' }] });
  });

  test('orders domains from the most to the least specific, folded', async () => {
    const config = await load(`
      ${LMTP}
      [domains]
      "*" = "cyrus"
      "*.jp" = "cyrus"
      "*.Example.jp" = "cyrus"
      "jp" = "cyrus"
      "example.jp" = "cyrus"
    `);
    expect(config.domains.map(({ domain }) => domain)).toEqual([
      'example.jp',
      'jp',
      '*.example.jp',
      '*.jp',
      '*',
    ]);
  });

  test('is refused with all its problems at once, a line each', async () => {
    const file = written('[lookup]\ndeadline = "40s"\n[cache]\nmax_known = 1\n[colour]\n');
    expect((await failure({ config: file })).split('\n')).toEqual([
      `${file}:2: lookup.deadline is "40s": must be from 100ms to 25s, Sendmail gives up at 30s`,
      `${file}:4: cache.max_known is 1: must be a whole number from 100 to 10000000`,
      `${file}:5: colour is not a key: allowed are backchannel, domains, domain, map, socketmap, policy, lookup, cache, cyrus, events, fleet, shadow, admin, log`,
    ]);
  });

  test('is refused where it is missing, too long or not UTF-8', async () => {
    const missing = join(folder, 'missing.toml');
    expect(await failure({ config: missing })).toBe(
      `${missing}: cannot be read: ENOENT: no such file or directory, open '${missing}'`,
    );
    const file = written(Buffer.alloc(FILE_MAX_BYTES + 1, '#'));
    expect(await failure({ config: file })).toBe(`${file}: has 1048577 bytes: must have 1048576 at most`);
    written(Buffer.from('# caf\xe9\n', 'latin1'));
    expect(await failure({ config: file })).toBe(`${file}: is not UTF-8`);
  });

  test('repeats a long value in an error only as far as needed', async () => {
    const file = written(`${LMTP}[log]\nlevel = "${'x'.repeat(5000)}"`);
    expect((await failure({ config: file })).length).toBeLessThan(400);
  });

  test('is looked for at its places, the first that is there, also where it cannot be read', async () => {
    const places = [join(folder, 'none.toml'), written(LMTP), join(folder, 'other.toml')];
    const { config } = await loadConfig({}, undefined, places);
    expect(config.file).toBe(places[1]);
    await expect(loadConfig({}, undefined, [folder, ...places])).rejects.toThrow(
      `${folder}: is no regular file`,
    );
  });

  test('is needed: where there is none it is said where it was looked for, and which flags there are', async () => {
    const places = [join(folder, 'a.toml'), join(folder, 'b.toml')];
    await expect(loadConfig({}, undefined, places)).rejects.toThrow(
      `no configuration: there is no ${places[0]} and no ${places[1]}; --config FILE names another one; ` +
        'serve and check do without one where --lmtp, --imap, --list or --demo says whom to ask',
    );
  });
});

describe('the flags', () => {
  test('replace the back-channels of the file by one, and keep its domains', async () => {
    const config = await load(`${LMTP}[domains]\n"example.jp" = "cyrus"`, { list: '/etc/mailboxes' });
    expect(config.backchannels).toEqual([
      { type: 'list', name: 'default', file: '/etc/mailboxes', format: 'mailboxes' },
    ]);
    expect(config.domains).toEqual([{ domain: 'example.jp', backchannels: ['default'] }]);
  });

  test('are enough where the file names no back-channel', async () => {
    const config = await load('', { lmtp: 'unix:/run/lmtp', canary: 'postmaster@example.jp' });
    expect(config.backchannels).toMatchObject([
      { type: 'lmtp', name: 'default', canaries: [{ address: 'postmaster@example.jp' }], connections: 2 },
    ]);
  });

  test('set the canary of the only back-channel of the file', async () => {
    const config = await load(LMTP, { canary: 'postmaster@example.jp' });
    expect(config.backchannels).toMatchObject([
      { name: 'cyrus', canaries: [{ address: 'postmaster@example.jp' }] },
    ]);
  });

  test('make a back-channel of an administrator, his password file relative to the working directory', async () => {
    const { config } = await loadConfig({
      imap: 'inet:143@127.0.0.1',
      imapUser: 'cyrus',
      imapPasswordFile: 'password',
      canary: 'postmaster@example.jp',
    });
    expect(config.backchannels).toMatchObject([
      {
        type: 'imap',
        name: 'default',
        endpoint: { kind: 'inet', host: '127.0.0.1', port: 143 },
        canaries: [{ address: 'postmaster@example.jp' }],
        login: {
          user: 'cyrus',
          passwordFile: join(process.cwd(), 'password'),
          authorizationId: undefined,
          mechanisms: [
            ...['SCRAM-SHA-512-PLUS', 'SCRAM-SHA-256-PLUS', 'SCRAM-SHA-1-PLUS'],
            ...['SCRAM-SHA-512', 'SCRAM-SHA-256', 'SCRAM-SHA-1', 'CRAM-MD5', 'PLAIN'],
          ],
          channelBinding: 'tls-unique',
          plainAnywhere: false,
        },
        tls: undefined,
        connections: 1,
        idleTimeoutMs: 1_500_000,
        listTimeoutMs: 900_000,
        strictQuota: false,
      },
    ]);
  });

  test('replace the listeners and the level', async () => {
    const config = await load(LMTP, { listen: ['inet:0@127.0.0.1', 'unix:/tmp/s'], logLevel: 'trace' });
    expect(config.socketmap.listen).toEqual([
      { kind: 'inet', host: '127.0.0.1', port: 0 },
      { kind: 'unix', path: '/tmp/s' },
    ]);
    expect(config.log.level).toBe('trace');
  });

  test('take a list relative to the working directory', async () => {
    const { config } = await loadConfig({ list: 'mailboxes' });
    expect(config.backchannels).toMatchObject([{ file: join(process.cwd(), 'mailboxes') }]);
  });

  test.each([
    [{ list: '/a', lmtp: 'unix:/b' }, '--list, --lmtp and --imap: only one is allowed'],
    [{ imap: 'unix:/a', lmtp: 'unix:/b' }, '--list, --lmtp and --imap: only one is allowed'],
    [{ imap: 'unix:/a', imapUser: 'cyrus' }, '--imap needs --imap-user and --imap-password-file'],
    [{ imap: 'unix:/a', imapPasswordFile: 'p' }, '--imap needs --imap-user and --imap-password-file'],
    [{ lmtp: 'unix:/a', imapUser: 'cyrus' }, '--imap-user and --imap-password-file need --imap'],
    [
      { imap: '143', imapUser: 'cyrus', imapPasswordFile: 'p' },
      '--imap is "143": must be unix:/path, local:/path, inet:PORT@HOST or inet6:PORT@HOST',
    ],
    [
      { imap: 'unix:/a', imapUser: '', imapPasswordFile: 'p' },
      '--imap-user is "": must be an account of Cyrus',
    ],
    [
      { lmtp: 'lmtp' },
      '--lmtp is "lmtp": must be unix:/path, local:/path, inet:PORT@HOST or inet6:PORT@HOST',
    ],
    [
      { demo: true, listen: ['inet:x@y'] },
      '--listen is "inet:x@y": must be inet:PORT@HOST with a port from 0 to 65535',
    ],
    [{ list: '/a', canary: 'a@b' }, '--canary is not allowed with a list: it needs none'],
    [
      { lmtp: 'unix:/a', canary: 'a b' },
      '--canary is "a b": must be an address without detail, such as postmaster@example.jp',
    ],
    [
      { demo: true, logLevel: 'loud' },
      '--log-level is "loud": must be "trace", "debug", "info", "warn", "error", "fatal" or "silent"',
    ],
    [
      { demo: true, listen: ['inet:7860@0.0.0.0'] },
      '--listen has inet:7860@0.0.0.0: beyond this machine it needs socketmap.allow, the networks that may ask',
    ],
    [{ demo: true, config: '/x' }, '--demo and --config: only one is allowed'],
  ] satisfies [Flags, string][])('are refused with the name of the flag: %j', async (flags, message) => {
    expect(await failure(flags)).toBe(message);
    await expect(loadConfig(flags, undefined, [])).rejects.toThrow(UsageError);
  });

  test('cannot name a canary where two back-channels could be meant', async () => {
    const file = written(`${LMTP}${LMTP.replace('cyrus', 'other')}[domains]\n"*" = "cyrus"`);
    expect(await failure({ config: file, canary: 'a@b' })).toBe(
      '--canary needs --lmtp, --imap, or a file with one back-channel',
    );
  });
});

describe('a back-channel over a network', () => {
  const NETWORK = '[backchannel.cyrus]\ntype = "lmtp"\nendpoint = "inet:2003@mail.example.jp"\n';

  test('logs in where it names a user, in TLS where it says so, to the host of its endpoint', async () => {
    const config = await load(
      `${NETWORK}user = "cyrus"\npassword_file = "/etc/p"\nauthorization_id = "lmtp"\ntls = "starttls"\n` +
        'ca_file = "/etc/ca.pem"\ntls_min_version = "1.3"\n',
    );
    expect(config.backchannels).toMatchObject([
      {
        login: { user: 'cyrus', passwordFile: '/etc/p', authorizationId: 'lmtp' },
        tls: {
          mode: 'starttls',
          caFile: '/etc/ca.pem',
          serverName: 'mail.example.jp',
          clientCert: undefined,
          clientKey: undefined,
          minVersion: 'TLSv1.3',
        },
      },
    ]);
  });

  test('needs no user where a client certificate says who it is', async () => {
    const config = await load(
      `${NETWORK}mechanisms = ["EXTERNAL"]\ntls = "implicit"\nserver_name = "cyrus.example.jp"\n` +
        'client_cert = "/etc/cert.pem"\nclient_key = "/etc/key.pem"\n',
    );
    expect(config.backchannels).toMatchObject([
      {
        login: { user: '', passwordFile: undefined, mechanisms: ['EXTERNAL'] },
        tls: { mode: 'implicit', serverName: 'cyrus.example.jp', clientCert: '/etc/cert.pem' },
      },
    ]);
  });
});

describe('the demo', () => {
  test('serves a list for example.jp alone, and reads no file', async () => {
    const { config } = await loadConfig({ demo: true }, undefined, [written('[')]);
    expect(config.file).toBeUndefined();
    expect(config.backchannels).toEqual([
      { type: 'list', name: 'demo', file: BUILT_IN_LIST, format: 'mailboxes' },
    ]);
    expect(config.domains).toEqual([{ domain: 'example.jp', backchannels: ['demo'] }]);
    expect(config.lookup.domainsComplete).toBe(false);
    expect(config.socketmap.listen).toEqual([{ kind: 'inet', host: '127.0.0.1', port: 7860 }]);
  });

  test('listens at the same place with a back-channel from the flags, which serves everything', async () => {
    const { config } = await loadConfig({ lmtp: 'unix:/run/lmtp' }, undefined, []);
    expect(config.domains).toEqual([{ domain: '*', backchannels: ['default'] }]);
    expect(config.socketmap.listen).toEqual([{ kind: 'inet', host: '127.0.0.1', port: 7860 }]);
  });
});

describe('the settings', () => {
  test('are the configuration in the words of the file: read again they are the same', async () => {
    const first = await loadConfig({
      config: written(`${LMTP}canary = "a@example.jp"\n[lookup]\ndeadline = "1500ms"`),
    });
    const second = await loadConfig({ config: written(stringify(first.settings)) });
    expect(second).toEqual(first);
    expect(first.settings).toMatchObject({ lookup: { deadline: '1500ms' } });
  });
});
