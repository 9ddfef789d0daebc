import { expect, test } from 'vitest';
import { changedKeys, type ChangedKeys } from '../../../src/daemon/restart-keys.js';
import { configured } from './configured.js';

const LMTP = '[backchannel.cyrus]\ntype = "lmtp"\nendpoint = "unix:/x"\n[domains]\n"*" = "cyrus"\n';

/** @param files that of the start, and of each reload @returns what the last reload tells */
async function reported(...files: string[]): Promise<ChangedKeys> {
  const [started = '', former = '', next = ''] = [files[0], files.at(-2), files.at(-1)];
  return changedKeys(await configured(started), await configured(former), await configured(next));
}

test('what is the same is named nowhere', async () => {
  expect(await reported(LMTP, LMTP)).toEqual({ changed: [], needRestart: [] });
});

test('what changed is named, and of that what holds only after a restart', async () => {
  const next = `[socketmap]\nmax_connections = 9\n[cache]\nknown_ttl = "5s"\nmax_known = 500\n[log]\nlevel = "debug"\n[lookup]\ndeadline = "3s"\n${LMTP}`;
  expect(await reported(LMTP, next)).toEqual({
    changed: ['socketmap.max_connections', 'cache.known_ttl', 'cache.max_known', 'log.level', 'lookup'],
    needRestart: ['socketmap.max_connections', 'cache.max_known'],
  });
});

test('what needs a restart is named at each reload, until one comes that has it as at the start', async () => {
  const other = `[socketmap]\nmax_connections = 9\n${LMTP}`;
  expect(await reported(LMTP, other, other)).toEqual({
    changed: [],
    needRestart: ['socketmap.max_connections'],
  });
  expect(await reported(LMTP, other, LMTP)).toEqual({
    changed: ['socketmap.max_connections'],
    needRestart: [],
  });
});

test('of a table that is taken at a reload nothing is, of one that is taken at the start all', async () => {
  const next = `[cyrus]\nclock = false\n[shadow]\nendpoint = "unix:/other"\n${LMTP}`;
  const { changed, needRestart } = await reported(LMTP, next);
  expect(changed.toSorted()).toEqual(['cyrus.clock', 'shadow.endpoint']);
  expect(needRestart).toEqual(['shadow.endpoint']);
});

test('the grace of a stop is that of the last reload', async () => {
  const next = `[socketmap]\nshutdown_grace = "3s"\n${LMTP}`;
  expect(await reported(LMTP, next)).toEqual({ changed: ['socketmap.shutdown_grace'], needRestart: [] });
});

test('of [events] only what is believed by it changes at a reload', async () => {
  const events = (more: string) => `[events]\nlisten = "unix:/run/events"\n${more}${LMTP}`;
  expect(await reported(events(''), events('quota = true\nnegative_ttl = "9s"\n'))).toEqual({
    changed: ['events.quota', 'events.negative_ttl'],
    needRestart: ['events.quota'],
  });
});

test('[events] that was not there at the start needs a restart, all of it', async () => {
  const next = `[events]\nlisten = "unix:/run/events"\nnegative_ttl = "9s"\n${LMTP}`;
  const { changed, needRestart } = await reported(LMTP, next);
  expect(needRestart).toContain('events.negative_ttl');
  expect(needRestart).toEqual(changed);
});

test('the answers of a domain are taken at a reload', async () => {
  const next = `[domain."example.jp"]\nover_quota = "ok"\n${LMTP}`;
  expect(await reported(LMTP, next)).toEqual({ changed: ['domain'], needRestart: [] });
});
