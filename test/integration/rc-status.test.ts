// `service cyrusmapd` at night: what `status` says of a daemon whose file somebody has changed since it was read, and `start` where
// Node.js is gone.
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { RcHost } from './rc-host.js';
import { lacks } from './tools.js';

describe.skipIf(lacks('dash', 'ps'))('service cyrusmapd', () => {
  let host: RcHost;
  beforeEach(() => {
    host = new RcHost('dash');
  });
  afterEach(() => host.remove());

  test.each([
    ['an unknown key', (good: string) => `nonsense = 1\n${good}`],
    ['no back-channel, since imapd.conf names one', (good: string) => good.replace(/^\[backchannel.*/ms, '')],
  ])('status says that a daemon which answers is running, though its file has %s', async (_, change) => {
    await host.start();
    writeFileSync(host.config, change(readFileSync(host.config, 'utf8')));
    const { status, stdout } = await host.service('status');
    expect(status).toBe(0);
    expect(stdout).toMatch(/^cyrusmapd is running as pid \d+\.\n$/);
  });

  test('start blames no configuration where the program cannot be run', async () => {
    const program = join(host.root, 'usr/local/bin/cyrusmapd');
    rmSync(program);
    writeFileSync(program, '#!/nonexistent/node\n', { mode: 0o755 });
    const { status, stderr } = await host.service('start');
    expect(status).not.toBe(0);
    expect(stderr).toContain(`${program} cannot be run: is Node.js installed?`);
    expect(stderr).not.toContain('is not usable');
  });
});
