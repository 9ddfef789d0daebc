// The verdict table against real Cyrus over LMTP and IMAP, one key at a time and all at once; matrix/ has every setup, and
// delivery. What we refuse without asking is proven to be refused; a Cyrus without its mailboxes refuses nobody.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseEndpoint } from '../../src/net/endpoint.js';
import { SocketmapConnection } from '../../src/socketmap/client.js';
import { DEFAULT_ADDRESS_RULES, parseKey } from '../../src/validation/recipient.js';
import { ADMIN, PASSWORD, startCyrus, SUITES, type CyrusContainer, type Suite } from '../containers/cyrus.js';
import { DaemonProcess } from '../containers/daemon.js';
import { openDecider } from '../containers/decider.js';
import { LineClient } from '../containers/line-client.js';
import { createTableMailboxes, VERDICT_TABLE } from '../containers/verdict-table.js';

const suites: readonly Suite[] = process.env.CYRUSMAPD_ALL_SUITES === undefined ? ['bookworm'] : SUITES;

describe.each(suites)('Cyrus of %s', (suite) => {
  let cyrus: CyrusContainer;
  beforeAll(async () => {
    cyrus = await startCyrus({ suite });
    await createTableMailboxes(cyrus);
  });
  afterAll(() => cyrus?.stop());

  describe('the verdict table', () => {
    test.each([
      ['UNIX socket, post user configured', () => cyrus.lmtpUnix, 'post'],
      ['UNIX socket', () => cyrus.lmtpUnix, ''],
      ['TCP', () => cyrus.lmtp, ''],
    ])('over %s: one key at a time', async (_, endpoint, postUser) => {
      const decider = await openDecider(config(endpoint(), postUser));
      const said: [string, string][] = [];
      for (const { key } of VERDICT_TABLE) said.push([key, (await decider.ask(key)).verdict.kind]);
      await decider.close();
      expect(said).toEqual(VERDICT_TABLE.map(({ key, verdict }) => [key, verdict]));
    });

    test('all keys at once, again and again', async () => {
      const decider = await openDecider(config(cyrus.lmtpUnix));
      // Before the first session nobody knows whether Cyrus takes 8-bit addresses, and they are deferred.
      await decider.ask('u001@example.jp');
      for (let round = 0; round < 5; round++) {
        const outcomes = await Promise.all(VERDICT_TABLE.map(({ key }) => decider.ask(key)));
        expect(VERDICT_TABLE.map(({ key }, i) => [key, outcomes[i]?.verdict.kind])).toEqual(
          VERDICT_TABLE.map(({ key, verdict }) => [key, verdict]),
        );
        decider.forget();
      }
      await decider.close();
    });
  });

  describe('the verdict table over IMAP', () => {
    const AS_IMAPD_SAYS = VERDICT_TABLE.map(({ key, verdict, imap = verdict }) => [key, imap]);
    let folder: string;
    let imap: string;
    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), 'password-'));
      await writeFile(join(folder, 'password'), PASSWORD, { mode: 0o600 });
      imap = `
        [backchannel.cyrus]
        type = "imap"
        endpoint = "${cyrus.imap}"
        user = "${ADMIN}"
        password_file = "${join(folder, 'password')}"
        canary = "u001@example.jp"
        [lookup]
        post_user = "post"
        default_domain = "rig.test"
      `;
    });
    afterAll(() => rm(folder, { recursive: true }));

    test('one key at a time', async () => {
      const decider = await openDecider(imap);
      const said: [string, string][] = [];
      for (const { key } of VERDICT_TABLE) said.push([key, (await decider.ask(key)).verdict.kind]);
      await decider.close();
      expect(said).toEqual(AS_IMAPD_SAYS);
    });

    test('all keys at once, again and again, with one login', async () => {
      const logins = async (): Promise<number> =>
        (await cyrus.log()).match(/ login: .* cyrus SCRAM-SHA-256/g)?.length ?? 0;
      const before = await logins();
      const decider = await openDecider(imap);
      await decider.ask('u001@example.jp');
      for (let round = 0; round < 5; round++) {
        const outcomes = await Promise.all(VERDICT_TABLE.map(({ key }) => decider.ask(key)));
        expect(VERDICT_TABLE.map(({ key }, i) => [key, outcomes[i]?.verdict.kind])).toEqual(AS_IMAPD_SAYS);
        decider.forget();
      }
      await decider.close();
      expect(await logins()).toBe(before + 1);
    });
  });

  describe('what we refuse without asking', () => {
    const PLACES: [string, (character: string) => string][] = [
      ['in a user', (character) => `al${character}ice@example.jp`],
      ['at the beginning', (character) => `${character}alice@example.jp`],
      ['at the end of a user', (character) => `alice${character}@example.jp`],
      ['in a detail', (character) => `alice+x${character}y@example.jp`],
      ['in a domain', (character) => `alice@exa${character}mple.jp`],
      ['at the end', (character) => `alice@example.jp${character}`],
      ['in a name without domain', (character) => `bo${character}b`],
    ];
    // A line feed would end the command: no client can put it into one.
    const characters = Array.from({ length: 256 }, (_, byte) => String.fromCharCode(byte)).filter(
      (character) => character !== '\n',
    );

    test.each(PLACES)('each impossible character %s is refused by lmtpd', async (_, place) => {
      const lmtp = await Lmtp.connect(cyrus);
      const wrong: string[] = [];
      let impossible = 0;
      for (const character of characters) {
        const key = place(character);
        if (parseKey(key, DEFAULT_ADDRESS_RULES).kind !== 'impossible') continue;
        impossible += 1;
        const reply = await lmtp.rcpt(key);
        if (!/^(?:501 5\.5\.4|550 5\.1\.1) /.test(reply)) wrong.push(`${JSON.stringify(key)}: ${reply}`);
      }
      lmtp.close();
      expect(wrong).toEqual([]);
      expect(impossible).toBeGreaterThan(170);
    });

    test.each([
      ['', '@', '@example.jp', 'a@b@example.jp', 'alice@@example.jp', 'alice@example.jp@'],
      ['"alice"@example.jp', '"alice+lists"@example.jp', '"al ice"@example.jp', 'alice+"x"@example.jp'],
      ['al\\ice@example.jp', 'al\\ ice@example.jp', 'al\\@ice@example.jp', '\\alice@example.jp'],
      ['alice@[IPv6:::1]', 'alice@exa_mple.jp', 'alice@example.jp\r', 'alice@example.jp> ignorequota'],
      [`${'a'.repeat(1100)}@example.jp`, 'a'.repeat(3000)],
    ])('each impossible key is refused by lmtpd: %j …', async (...keys) => {
      const lmtp = await Lmtp.connect(cyrus);
      for (const key of keys) {
        expect([key, parseKey(key, DEFAULT_ADDRESS_RULES).kind]).toEqual([key, 'impossible']);
        expect([key, await lmtp.rcpt(key)]).toEqual([
          key,
          expect.stringMatching(/^(?:501 5\.5\.4|550 5\.1\.1) /),
        ]);
      }
      lmtp.close();
    });

    test.each(['\\', '\x7f', '"', '%'])('Cyrus makes no mailbox with the character %j', async (character) => {
      const admin = await cyrus.admin();
      const quoted = character.replace(/["\\]/, '\\$&');
      const [last] = (await admin.command(`CREATE "user/al${quoted}ice@example.jp"`)).slice(-1);
      expect(last).toMatch(/^(?:NO|BAD) /);
      await admin.close();
    });

    test.each(['@relay.test:alice@example.jp', 'alice+a\\b@example.jp', 'alice+a\x7fb@example.jp'])(
      '%j is not refused: lmtpd takes it',
      async (key) => {
        expect(parseKey(key, DEFAULT_ADDRESS_RULES).kind).toBe('unaskable');
        const lmtp = await Lmtp.connect(cyrus);
        expect(await lmtp.rcpt(key)).toMatch(/^250 2\.1\.5 /);
        lmtp.close();
      },
    );
  });

  test('the codes that prove the order of the replies are Cyrus’ own', async () => {
    const lmtp = await Lmtp.connect(cyrus);
    expect(await lmtp.command('RSET')).toMatch(/^250 2\.0\.0 /);
    expect(await lmtp.command('MAIL FROM:<>')).toMatch(/^250 2\.1\.0 /);
    expect(await lmtp.rcpt('alice@example.jp')).toMatch(/^250 2\.1\.5 /);
    expect(await lmtp.command('RSET')).toMatch(/^250 2\.0\.0 /);
    lmtp.close();
  });
});

describe('mailboxes.db moved away under a running daemon, and back, many times', () => {
  const USERS = 150;
  let cyrus: CyrusContainer;
  let daemon: DaemonProcess;
  beforeAll(async () => {
    cyrus = await startCyrus();
    const admin = await cyrus.admin();
    for (let i = 0; i < USERS; i++) await admin.create(`user/u${i}@example.jp`);
    await admin.create('user/canary@example.jp');
    await admin.close();
  });
  afterAll(() => cyrus?.stop());
  afterAll(() => daemon?.stop());

  test.each([
    ['with a canary', 'canary = "canary@example.jp"'],
    ['with learned witnesses', ''],
  ])('%s: not one NOTFOUND for an existing mailbox', async (_, canary) => {
    daemon = await DaemonProcess.start({
      listen: ['inet:0@127.0.0.1'],
      config: `
        [backchannel.cyrus]
        type = "lmtp"
        endpoint = "${cyrus.lmtpUnix}"
        ${canary}
        [cache]
        known_ttl = "1s"
        negative_ttl = "1s"
        serve_stale = "0s"
      `,
    });
    const counts = { existing: new Map<string, number>(), unknown: new Map<string, number>() };
    let moving = true;
    const ask = async (
      client: SocketmapConnection,
      kind: keyof typeof counts,
      key: string,
    ): Promise<void> => {
      const { status } = await client.lookup('cyrus', key);
      counts[kind].set(status, (counts[kind].get(status) ?? 0) + 1);
    };
    const asker = async (first: number): Promise<void> => {
      const client = await SocketmapConnection.connect(parseEndpoint(daemon.endpoints[0] ?? ''), 20_000);
      for (let i = first; moving; i++) {
        await ask(client, 'existing', `u${i % USERS}@example.jp`);
        await ask(client, 'unknown', `no${first}x${i}@example.jp`);
      }
      client.close();
    };
    const askers = [0, 25, 50, 75, 100, 125].map(asker);
    await cyrus.exec(['sh', '-c', MOVE_AWAY_AND_BACK]);
    moving = false;
    await Promise.all(askers);

    expect([...counts.existing.keys()].sort()).toEqual(['OK', 'TEMP']);
    expect([...counts.unknown.keys()].sort()).toEqual(['NOTFOUND', 'TEMP']);
    const client = await SocketmapConnection.connect(parseEndpoint(daemon.endpoints[0] ?? ''), 20_000);
    expect((await client.lookup('cyrus', 'u1@example.jp')).status).toBe('OK');
    expect((await client.lookup('cyrus', 'nobody@example.jp')).status).toBe('NOTFOUND');
    client.close();
    expect(daemon.log(/"event":"witness-failed/).length).toBeGreaterThan(0);
    await daemon.stop();
  });
});

/** Long and short, so that lookups meet both ends of it in every state; at the end it is there. */
const MOVE_AWAY_AND_BACK = `
  cd /var/lib/cyrus
  for pause in 0.3 0.05 0.2 0.01 0.1 0.02 0.15 0.005 0.3 0.03 0.01 0.1 0.002 0.25 0.01 0.05; do
    mv mailboxes.db away; sleep $pause
    mv away mailboxes.db; sleep 0.2
  done
`;

function config(endpoint: string, postUser = ''): string {
  return `
    [backchannel.cyrus]
    type = "lmtp"
    endpoint = "${endpoint}"
    canary = "u001@example.jp"
    [lookup]
    post_user = "${postUser}"
  `;
}

/** A session that says RCPT as it is. */
class Lmtp {
  readonly #client: LineClient;

  private constructor(client: LineClient) {
    this.#client = client;
  }

  static async connect(cyrus: CyrusContainer): Promise<Lmtp> {
    const endpoint = parseEndpoint(cyrus.lmtp);
    if (endpoint.kind === 'unix') throw new Error('no TCP port');
    const lmtp = new Lmtp(LineClient.connect(endpoint.port));
    await lmtp.#reply();
    await lmtp.command('LHLO client.test');
    await lmtp.command('MAIL FROM:<>');
    return lmtp;
  }

  /** The last line of the reply. */
  command(line: string): Promise<string> {
    this.#client.send(line);
    return this.#reply();
  }

  rcpt(address: string): Promise<string> {
    return this.command(`RCPT TO:<${address}>`);
  }

  close(): void {
    this.#client.close();
  }

  async #reply(): Promise<string> {
    for (;;) {
      const line = await this.#client.line();
      if (!/^\d{3}-/.test(line)) return line;
    }
  }
}
