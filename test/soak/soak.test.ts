// The built daemon for so many minutes (SOAK_MINUTES; a quarter of one in `npm test`), asked all the while, with reloads and with
// restarts of its lmtpd: its memory, its open files and its connections at the end are what they were when it was warm.
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { parseEndpoint } from '../../src/net/endpoint.js';
import { SocketmapConnection } from '../../src/socketmap/client.js';
import { LmtpServer, REPLIES } from '../fakes/lmtp-server.js';
import { Serving } from '../integration/cyrusmapd-process.js';

const LONG = process.env['SOAK_MINUTES'];
const MINUTES = Number(LONG ?? 0.25);
const RELOAD_MS = 2_000;
const RESTART_MS = LONG === undefined ? 5_000 : 30_000;
const MAILBOXES = 2_000;
/** That memory may differ by, from the second third to the last: garbage is collected when it is. */
const MEMORY_ALLOWED = LONG === undefined ? 1.5 : 1.15;
const FILES_ALLOWED = 4;

type Sample = { readonly bytes: number; readonly files: number };

test.runIf(process.platform === 'linux')(
  'neither memory nor open files grow',
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'soak-'));
    const config = join(folder, 'cyrusmapd.toml');
    const path = join(folder, 'lmtp');
    writeFileSync(
      config,
      `[socketmap]\nlisten = ["unix:${folder}/map"]\n[cache]\nknown_ttl = "2s"\n[backchannel.cyrus]\ntype = "lmtp"\n` +
        `endpoint = "unix:${path}"\ncanary = "canary@example.jp"\nbackoff_max = "1s"\n`,
    );
    let lmtpd = await lmtpdAt(path);
    const daemon = new Serving(['--config', config, '--log-level', 'warn']);
    const samples: Sample[] = [];
    const statuses = new Map<string, number>();
    try {
      const endpoint = parseEndpoint(`unix:${folder}/map`);
      await expect.poll(() => readdirSync(folder).includes('map'), { timeout: 20_000 }).toBe(true);
      const begun = performance.now();
      const end = begun + MINUTES * 60_000;
      let [reload, restart] = [begun + RELOAD_MS, begun + RESTART_MS];
      for (let asked = 0; performance.now() < end;) {
        const now = performance.now();
        if (now > reload) {
          daemon.child.kill('SIGHUP');
          reload = now + RELOAD_MS;
        }
        if (now > restart) {
          await lmtpd.stop();
          lmtpd = await lmtpdAt(path);
          restart = now + RESTART_MS;
        }
        // An SMTP session: a connection of its own, with a few recipients.
        const client = await SocketmapConnection.connect(endpoint);
        for (let i = 0; i < 20; i += 1, asked += 1) {
          const key = i % 5 === 0 ? `nobody${asked}@example.jp` : `user${asked % MAILBOXES}@example.jp`;
          const { status } = await client.lookup('cyrus', key);
          const kind = `${i % 5 === 0 ? 'nobody' : 'user'} ${status}`;
          statuses.set(kind, (statuses.get(kind) ?? 0) + 1);
        }
        client.close();
        samples.push(sampleOf(daemon.child.pid ?? 0));
        await sleep(20);
      }
      const third = Math.floor(samples.length / 3);
      const [warm, last] = [medianOf(samples.slice(third, 2 * third)), medianOf(samples.slice(2 * third))];
      if (LONG !== undefined)
        console.log(JSON.stringify({ minutes: MINUTES, warm, last, ...Object.fromEntries(statuses) }));
      expect(statuses.get('user NOTFOUND')).toBeUndefined();
      expect(statuses.get('nobody OK')).toBeUndefined();
      expect(statuses.get('user OK')).toBeGreaterThan(10);
      expect(last.bytes).toBeLessThan(warm.bytes * MEMORY_ALLOWED);
      expect(Math.abs(last.files - warm.files)).toBeLessThan(FILES_ALLOWED);
      expect(await daemon.stop()).toBe(0);
    } finally {
      await daemon.stop('SIGKILL');
      await lmtpd.stop();
      rmSync(folder, { recursive: true });
    }
  },
  (MINUTES + 2) * 60_000,
);

async function lmtpdAt(path: string): Promise<LmtpServer> {
  const lmtpd = await LmtpServer.listen(path);
  lmtpd.mailboxes.set('canary@example.jp', REPLIES.deliverable);
  for (let i = 0; i < MAILBOXES; i += 1) lmtpd.mailboxes.set(`user${i}@example.jp`, REPLIES.deliverable);
  return lmtpd;
}

function sampleOf(pid: number): Sample {
  const status = readFileSync(`/proc/${pid}/status`, 'latin1');
  const kilobytes = Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]);
  return { bytes: kilobytes * 1024, files: readdirSync(`/proc/${pid}/fd`).length };
}

function medianOf(samples: readonly Sample[]): Sample {
  const middle = (values: readonly number[]): number =>
    values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
  return {
    bytes: middle(samples.map(({ bytes }) => bytes)),
    files: middle(samples.map(({ files }) => files)),
  };
}
