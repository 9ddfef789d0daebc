// The metrics against Prometheus' own reader; the alerts and the dashboard against the metrics and the runbook.
import { execFile, spawn } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { AdminRig } from './admin-rig.js';

const PROMTOOL = ['/usr/bin/promtool', '/usr/local/bin/promtool'].find((path) => existsSync(path)) ?? '';
const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const RULES = readFileSync(join(ROOT, 'contrib/prometheus/cyrusmapd.rules.yml'), 'utf8');
const DASHBOARD = readFileSync(join(ROOT, 'contrib/grafana/cyrusmapd.json'), 'utf8');

/** 126 slots, of which each process named holds one: see src/cyrus/sasldb/lmdb.ts. */
function lockFile(max: number, ...pids: readonly number[]): Buffer {
  const bytes = Buffer.alloc(128 + 64 * max);
  bytes.writeUInt32LE(0xbeefc0de, 0);
  pids.forEach((pid, i) => bytes.writeInt32LE(pid, 128 + 64 * i + 8));
  return bytes;
}

/** A daemon that publishes and follows; there is no Valkey. */
const FLEET = `[backchannel.far]
type = "lmtp"
endpoint = "unix:/nowhere"
canary = "alice@example.net"
stream = "far"
[fleet]
url = "valkey://127.0.0.1:1"
publish = "near"
`;

async function metricsOf(): Promise<string> {
  const rig = await AdminRig.start('sasldb = "/nowhere"\n');
  writeFileSync(join(rig.folder, 'sasldb2-lock'), lockFile(126, 7, 8, 9));
  await rig.daemon.stop();
  const next = await AdminRig.start(`sasldb = "${join(rig.folder, 'sasldb2')}"\n${FLEET}`);
  await next.lookup('alice@example.jp', 'nobody@example.jp', 'a b@example.jp', 'full@example.jp');
  return (await next.web('/metrics')).body;
}

describe('the metrics', () => {
  test.runIf(PROMTOOL !== '')('are what Prometheus reads, and named in its manner', async () => {
    const promtool = spawn(PROMTOOL, ['check', 'metrics'], { stdio: ['pipe', 'pipe', 'pipe'] });
    let said = '';
    for (const stream of [promtool.stdout, promtool.stderr])
      stream.on('data', (chunk: Buffer) => (said += chunk.toString()));
    promtool.stdin.end(await metricsOf());
    const [status] = (await once(promtool, 'close')) as [number];
    expect(said).toBe('');
    expect(status).toBe(0);
  });

  test('count what was asked and said', async () => {
    const text = await metricsOf();
    for (const line of [
      'cyrusmapd_lookups_total{map="cyrus",verdict="unknown",source="probe"} 1',
      'cyrusmapd_lookups_total{map="cyrus",verdict="unknown",source="rule"} 1',
      'cyrusmapd_replies_total{status="TEMP"} 1',
      'cyrusmapd_miss_duration_seconds_count 3',
      'cyrusmapd_miss_duration_seconds_bucket{le="+Inf"} 3',
      'cyrusmapd_backchannel_up{backchannel="cyrus"} 1',
      'cyrusmapd_witness_standing{backchannel="cyrus"} 1',
      'cyrusmapd_fleet_publishing{stream="near"} 0',
      'cyrusmapd_fleet_lease{stream="far"} 0',
      'cyrusmapd_sasldb_readers 3',
      'cyrusmapd_sasldb_max_readers 126',
      'cyrusmapd_cache_max_entries{store="negative"} 20000',
    ]) {
      expect(text.split('\n')).toContain(line);
    }
  });

  test('have no label that a stranger can choose', async () => {
    const rig = await AdminRig.start();
    const { SocketmapConnection } = await import('../../src/socketmap/client.js');
    const client = await SocketmapConnection.connect({ kind: 'unix', path: join(rig.folder, 'socketmap') });
    for (let i = 0; i < 20; i++) await client.lookup(`map${i}`, `u@d${i}.example`);
    client.close();
    const { body } = await rig.web('/metrics');
    expect(body).not.toMatch(/map1|d1\.example/);
    expect(body).toContain('cyrusmapd_lookups_total{map="other",verdict="deferred",source="routing"} 20');
  });
});

describe('the alerts', () => {
  test.runIf(PROMTOOL !== '')('fire when they should, by their own tests', async () => {
    const cwd = join(ROOT, 'contrib/prometheus');
    const { stdout } = await promisify(execFile)(PROMTOOL, ['test', 'rules', 'cyrusmapd.rules.test.yml'], {
      cwd,
    });
    expect(stdout).toContain('SUCCESS');
  });

  test('name sections of the runbook that are there, each in a test', () => {
    const page = readFileSync(join(ROOT, 'docs/operations.md'), 'utf8');
    const anchors = [...page.matchAll(/^#+ (.+)$/gm)].map(([, title = '']) =>
      title
        .toLowerCase()
        .replace(/[^a-z0-9 -]/g, '')
        .replaceAll(' ', '-'),
    );
    const runbooks = [...RULES.matchAll(/runbook: docs\/operations\.md#(\S+)/g)].map(
      ([, anchor = '']) => anchor,
    );
    expect(runbooks).toHaveLength(10);
    expect(runbooks.filter((anchor) => !anchors.includes(anchor))).toEqual([]);
    const tests = readFileSync(join(ROOT, 'contrib/prometheus/cyrusmapd.rules.test.yml'), 'utf8');
    const alerts = [...RULES.matchAll(/alert: (\S+)/g)].map(([, name = '']) => name);
    expect(alerts.filter((name) => !tests.includes(`alertname: ${name}\n`))).toEqual([]);
  });
});

test('alerts and dashboard use only metrics that there are', async () => {
  const text = await metricsOf();
  const families = [...text.matchAll(/^# TYPE (\S+)/gm)].map(([, name = '']) => name);
  // Told only once something was dropped, or only of what is configured.
  const known = new Set([...families, 'cyrusmapd_miss_duration_seconds_bucket']);
  const used = [...`${RULES}${DASHBOARD}`.matchAll(/\bcyrusmapd_[a-z_]+/g)].map(([name]) => name);
  expect(new Set(used).size).toBeGreaterThan(12);
  expect([...new Set(used)].filter((name) => !known.has(name))).toEqual([]);
});

test('the dashboard is one that Grafana takes: panels with queries, in a grid without overlap', () => {
  const dashboard = JSON.parse(DASHBOARD) as {
    schemaVersion: number;
    uid: string;
    panels: {
      id: number;
      type: string;
      targets: { expr: string }[];
      gridPos: { h: number; w: number; x: number; y: number };
    }[];
  };
  expect(dashboard.schemaVersion).toBeGreaterThanOrEqual(36);
  expect(new Set(dashboard.panels.map(({ id }) => id)).size).toBe(dashboard.panels.length);
  const cells = dashboard.panels.flatMap(({ gridPos: { h, w, x, y }, targets, type }) => {
    expect(type).toBe('timeseries');
    expect(targets.length).toBeGreaterThan(0);
    expect(x + w).toBeLessThanOrEqual(24);
    return Array.from({ length: h }, (_, row) => `${x} ${y + row}`);
  });
  expect(new Set(cells).size).toBe(cells.length);
});
