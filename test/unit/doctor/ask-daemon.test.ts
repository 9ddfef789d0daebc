import { expect, test } from 'vitest';
import { askDaemon } from '../../../src/doctor/ask-daemon.js';
import type { Unseen } from '../../../src/doctor/finding.js';
import { pictureOf, SETTINGS } from './good-host.js';

const { config } = pictureOf({});

test('the proofs of a running daemon are read from its figures', async () => {
  const figures = {
    clock: { standing: 'limited', reason: 'mupdate_server is set', changes: 3 },
    directory: { standing: 'ready', mailboxes: 5 },
  };
  expect(await askDaemon(config, [], () => Promise.resolve(figures))).toEqual({
    clock: { standing: 'limited', reason: 'mupdate_server is set' },
    directory: { standing: 'ready', reason: undefined },
  });
});

test.each([{}, { clock: 7 }, null, 'x', []])('a daemon that says %j has none', async (figures) => {
  const said = await askDaemon(config, [], () => Promise.resolve(figures));
  expect(said).toEqual({ clock: undefined, directory: undefined });
});

test('nobody there is told of only where a control socket is configured', async () => {
  const silent = (): Promise<unknown> => Promise.reject(new Error('nobody listens'));
  const unseen: Unseen[] = [];
  expect(await askDaemon(config, unseen, silent)).toBeUndefined();
  expect(unseen).toEqual([]);
  const listening = pictureOf({ settings: { ...SETTINGS, admin: { listen: 'unix:/run/c/control' } } }).config;
  expect(await askDaemon(listening, unseen, silent)).toBeUndefined();
  expect(unseen).toEqual([{ what: 'the running daemon, on unix:/run/c/control', why: 'nobody listens' }]);
});
