// While Cyrus writes its list of mailboxes anew, lmtpd and smmapd are silent: with a million mailboxes for some 13 s. With the clock
// known names go on being answered, and with the directory unknown ones too, for the first 25 s. `npm run test:repack` takes a million.
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { completeFromCyrus } from '../../src/backchannels/cyrus-host.js';
import { loadConfig } from '../../src/config/load.js';
import { DEADLINE_MS } from '../../src/cyrus/mailbox-list/sample.js';
import { Daemon } from '../../src/daemon/daemon.js';
import { silentLog } from '../../src/log/log.js';
import { parseEndpoint } from '../../src/net/endpoint.js';
import { SocketmapConnection } from '../../src/socketmap/client.js';
import { startCyrus, type CyrusContainer } from '../containers/cyrus.js';
import { copyOf, enlarge } from '../containers/large-list.js';
import { repack } from '../containers/mailbox-list.js';

const MAILBOXES = Number(process.env['REPACK_MAILBOXES'] ?? 20_000);
const TIMEOUT_MS = 120_000 + MAILBOXES / 2;
/** Between two questions of one who asks, so that they leave Cyrus its processor. */
const PAUSE_MS = 5;
/** Mailboxes that are there, and that each daemon knows. */
const KNOWN = ['known0', 'known1', 'known2', 'known3'].map((user) => `${user}@example.jp`);

let folder: string;
let cyrus: CyrusContainer;
const ends: (() => Promise<void> | void)[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'repack-'));
  await chmod(folder, 0o777);
  cyrus = await startCyrus({ listFolder: folder });
  const admin = await cyrus.admin();
  for (const name of KNOWN) await admin.create(`user/${name}`);
  await admin.close();
  await enlarge(cyrus, folder, 'known0', MAILBOXES);
}, TIMEOUT_MS);
afterEach(async () => {
  for (const end of ends.splice(0)) await end();
});
afterAll(async () => {
  await cyrus.stop();
  await rm(folder, { recursive: true });
});

test(
  `while a list of ${MAILBOXES} mailboxes is written anew`,
  async () => {
    const smmapd = await client(cyrus.smmapdUnix);
    const clock = await daemon('clock', '');
    const directory = await daemon('directory', 'directory = true');
    for (const name of KNOWN) {
      expect((await clock.lookup('cyrus', name)).status).toBe('OK');
      expect((await directory.lookup('cyrus', name)).status).toBe('OK');
    }
    // Only the directory knows it, since lmtpd cannot open it.
    await answered(directory, copyOf(0), 'OK');
    await answered(directory, 'nobody@example.jp', 'NOTFOUND');

    const begun = performance.now();
    let repacking = true;
    const going = () => repacking;
    const name = (i: number) => KNOWN[i % KNOWN.length] ?? '';
    const asked = Promise.all([
      ask(smmapd, name, 'OK', going),
      ask(clock, name, 'OK', going),
      ask(directory, name, 'OK', going),
      ask(directory, (i) => copyOf(1 + (i % (MAILBOXES - 1))), 'OK', going),
      ask(directory, (i) => `none${i}@example.jp`, 'NOTFOUND', going),
    ]);
    await repack(cyrus);
    const ms = performance.now() - begun;
    repacking = false;
    const [silent, ...ours] = await asked;
    const [known, ...byDirectory] = ours;
    const figures = { ms: Math.round(ms), smmapd: silent, clock: known, directory: byDirectory };
    console.info(`a repack of ${MAILBOXES}: ${JSON.stringify(figures, shortened)}`);
    expect(ours.flatMap(({ wrong }) => wrong)).toEqual([]);
    for (const { answers } of ours) expect(answers).toBeGreaterThan(0);
    if (MAILBOXES < 1_000_000) return;
    expect(silent.longestMs).toBeGreaterThan(2_000);
    for (const { longestMs } of ours) expect(longestMs).toBeLessThan(silent.longestMs / 4);
  },
  TIMEOUT_MS,
);

type Answers = { answers: number; deferred: number; longestMs: number; readonly wrong: string[] };

/** Asks one name after the other. */
async function ask(
  connection: SocketmapConnection,
  name: (number: number) => string,
  expected: string,
  going: () => boolean,
): Promise<Answers> {
  const answers: Answers = { answers: 0, deferred: 0, longestMs: 0, wrong: [] };
  const begun = performance.now();
  for (let i = 0; going(); i++) {
    const since = performance.now();
    const { status, text } = await connection.lookup('cyrus', name(i));
    answers.answers += 1;
    answers.longestMs = Math.max(answers.longestMs, performance.now() - since);
    // Where lmtpd is silent for longer than that, the directory does not deny any more.
    if (expected === 'NOTFOUND' && status === 'TEMP' && since - begun >= DEADLINE_MS) answers.deferred += 1;
    else if (status !== expected) answers.wrong.push(`${name(i)}: ${status} ${text}`);
    await sleep(PAUSE_MS);
  }
  return answers;
}

async function answered(connection: SocketmapConnection, name: string, expected: string): Promise<void> {
  const status = async () => (await connection.lookup('cyrus', name)).status;
  await expect.poll(status, { timeout: 60_000 }).toBe(expected);
}

/** A daemon beside that Cyrus, with nothing else configured; and a connection to it. */
async function daemon(label: string, cyrusKeys: string): Promise<SocketmapConnection> {
  const own = await mkdtemp(join(tmpdir(), 'repack-'));
  const imapdConf = join(own, 'imapd.conf');
  const lines = [`configdirectory: ${own}`, `mboxlist_db_path: ${folder}/mailboxes.db`];
  lines.push(
    `lmtpsocket: ${cyrus.socketFolder}/lmtp`,
    'virtdomains: userid',
    'defaultdomain: rig.test',
    'postuser: post',
  );
  await writeFile(imapdConf, `${lines.join('\n')}\n`);
  const file = join(own, `${label}.toml`);
  const socket = join(own, 'socketmap');
  await writeFile(
    file,
    `[cyrus]\n${cyrusKeys}\n[cache]\nknown_ttl = "10m"\n[socketmap]\nlisten = ["unix:${socket}"]\n[backchannel.cyrus]\ntype = "lmtp"\nendpoint = "${cyrus.lmtpUnix}"\ncanary = "${KNOWN[0]}"\n`,
  );
  const { config } = await loadConfig({ config: file }, (table) => completeFromCyrus(table, [imapdConf]));
  const started = await Daemon.start(config, silentLog);
  ends.push(async () => {
    await started.stop();
    await rm(own, { recursive: true, force: true });
  });
  return client(`unix:${socket}`);
}

async function client(endpoint: string): Promise<SocketmapConnection> {
  const connection = await SocketmapConnection.connect(parseEndpoint(endpoint), TIMEOUT_MS);
  ends.unshift(() => connection.close());
  return connection;
}

function shortened(name: string, value: unknown): unknown {
  if (name === 'wrong' && Array.isArray(value)) return value.length;
  return typeof value === 'number' ? Math.round(value * 10) / 10 : value;
}
