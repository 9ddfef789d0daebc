// `service cyrusmapd status` at night: what it says of a daemon whose file somebody has changed since it was read.
import { readFileSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { RcHost } from './rc-host.js';
import { lacks } from './tools.js';

describe.skipIf(lacks('dash', 'ps'))('service cyrusmapd status', () => {
  let host: RcHost;
  beforeEach(() => {
    host = new RcHost('dash');
  });
  afterEach(() => host.remove());

  it.each([
    ['an unknown key', (good: string) => `nonsense = 1\n${good}`],
    ['no back-channel, since imapd.conf names one', (good: string) => good.replace(/^\[backchannel.*/ms, '')],
  ])('says that a daemon which answers is running, though its file has %s', async (_, change) => {
    await host.start();
    writeFileSync(host.config, change(readFileSync(host.config, 'utf8')));
    const { status, stdout } = await host.service('status');
    expect(status).toBe(0);
    expect(stdout).toMatch(/^cyrusmapd is running as pid \d+\.\n$/);
  });
});
