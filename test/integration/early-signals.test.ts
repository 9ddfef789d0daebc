// Signals to a daemon that has hardly begun: from the moment on at which the program runs at all, none of them ends it.
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { MAIN, Serving } from './cyrusmapd-process.js';

const HUP = 1n;
/** By its number: USR2 is the twelfth of Linux. */
const USR2 = 1n << 11n;

let folder: string;
let serving: Serving | undefined;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'early-'));
  writeFileSync(join(folder, 'mailboxes'), 'alice@example.jp\n');
});

afterEach(async () => {
  await serving?.stop('SIGKILL');
  rmSync(folder, { recursive: true });
});

function begin(): Serving {
  const listen = `unix:${folder}/socketmap`;
  serving = new Serving(['--listen', listen, '--list', join(folder, 'mailboxes')]);
  return serving;
}

/** The signals that a process catches, a bit each. */
function caughtBy({ child }: Serving): bigint {
  const status = readFileSync(`/proc/${child.pid}/status`, 'latin1');
  return BigInt(`0x${/^SigCgt:\s*([0-9a-f]+)/m.exec(status)?.[1] ?? '0'}`);
}

test.runIf(process.platform === 'linux')(
  'SIGHUP as soon as it is caught does not end it, and is a reload once it has started',
  async () => {
    const daemon = begin();
    while ((caughtBy(daemon) & HUP) === 0n) await turn();
    expect(daemon.lines).toEqual([]);
    expect(caughtBy(daemon) & USR2).toBe(USR2);
    daemon.child.kill('SIGHUP');
    daemon.child.kill('SIGUSR2');
    await daemon.said('listening');
    daemon.child.kill('SIGTERM');
    const [status] = await once(daemon.child, 'close');
    expect(status).toBe(0);
  },
);

test('the program takes them before it does anything else', () => {
  const text = readFileSync(MAIN, 'utf8');
  const [, first] = /^\/\/ ((?:dist|node_modules)\/.*)/m.exec(text) ?? [];
  expect(first).toBe('dist/commands/early-signals.js');
});
