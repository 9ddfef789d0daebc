import { appendFileSync, writeFileSync } from 'node:fs';
import { beforeEach, describe, expect, test } from 'vitest';
import { completeFromCyrus } from '../../../src/backchannels/cyrus-host.js';
import type { Config } from '../../../src/config/config.js';
import { loadConfig } from '../../../src/config/load.js';
import { HostClock, hosted } from '../../../src/daemon/host-clock.js';
import { silentLog, type Log } from '../../../src/log/log.js';
import { DEFAULT_BELIEF } from '../../../src/validation/belief.js';
import { DEFAULT_ADDRESS_RULES } from '../../../src/validation/recipient.js';
import { Validator } from '../../../src/validation/validator.js';
import { VerdictCache } from '../../../src/validation/verdict-cache.js';
import { configured, pathOf } from './configured.js';

const folder = pathOf('.').replace(/\/\.?$/, '');

let lines: object[];
let clock: HostClock;

beforeEach(() => {
  lines = [];
  const cache = new VerdictCache({ maxKnown: 10, maxNegative: 10 }, DEFAULT_BELIEF, 0);
  const rules = {
    address: DEFAULT_ADDRESS_RULES,
    deadlineMs: 5_000,
    eightBit: 'reject',
    alwaysAccepts: () => false,
  } as const;
  const validator = new Validator(
    cache,
    () => 'unserved',
    rules,
    () => performance.now(),
  );
  const warn = (fields: object): void => void lines.push(fields);
  const log: Log = { ...silentLog, warn };
  clock = new HostClock({ validator, changed: () => undefined, log, now: () => performance.now() });
  writeFileSync(pathOf('mailboxes.db'), 'x'.repeat(100));
});

/** A Cyrus on this machine, as its imapd.conf says. */
async function here(toml = '', imapdConf = ''): Promise<Config> {
  writeFileSync(
    pathOf('imapd.conf'),
    `configdirectory: ${folder}\nlmtpsocket: ${pathOf('lmtp')}\nvirtdomains: on\n${imapdConf}`,
  );
  writeFileSync(pathOf('here.toml'), toml);
  const complete = (table: Parameters<typeof completeFromCyrus>[0]) =>
    completeFromCyrus(table, [pathOf('imapd.conf')]);
  return (await loadConfig({ config: pathOf('here.toml') }, complete)).config;
}

describe('the clock', () => {
  test('is there where the configuration knows a list, and wants it', async () => {
    await clock.configure(await here());
    expect(clock.clock).toBeDefined();
    expect(clock.directory).toBeUndefined();
    clock.close();
    expect(clock.clock).toBeUndefined();
  });

  test('is not, without a Cyrus on this machine, or where it is not wanted', async () => {
    await clock.configure(
      await configured('[domains]\n"*" = "a"\n[backchannel.a]\ntype = "lmtp"\nendpoint = "inet:24@h"\n'),
    );
    expect(clock.clock).toBeUndefined();
    await clock.configure(await here('[cyrus]\nclock = false\n'));
    expect(clock.clock).toBeUndefined();
  });

  test('is kept over a reload that names the same files', async () => {
    await clock.configure(await here());
    const first = clock.clock;
    const config = await here();
    appendFileSync(pathOf('imapd.conf'), '# touched\n');
    (await clock.configure(config))();
    expect(clock.clock).toBe(first);
    expect(first?.state.standing).not.toBe('closed');
    clock.close();
  });

  test('is another one where the files are others; the one before is closed only when that is asked for', async () => {
    await clock.configure(await here());
    const first = clock.clock;
    const close = await clock.configure(await here('', `mboxlist_db_path: ${pathOf('other.db')}\n`));
    expect(clock.clock).toBeDefined();
    expect(clock.clock).not.toBe(first);
    const before = JSON.stringify(first?.state);
    close();
    expect([before, JSON.stringify(first?.state)]).toEqual([before, expect.any(String)]);
    clock.close();
  });

  test('goes with a reload that does not want it, and comes back with one that does', async () => {
    await clock.configure(await here());
    (await clock.configure(await here('[cyrus]\nclock = false\n')))();
    expect(clock.clock).toBeUndefined();
    await clock.configure(await here());
    expect(clock.clock).toBeDefined();
    clock.close();
  });

  test('after its end is opened anew', async () => {
    await clock.configure(await here());
    const first = clock.clock;
    clock.close();
    await clock.configure(await here());
    expect(clock.clock).toBeDefined();
    expect(clock.clock).not.toBe(first);
    clock.close();
  });

  test('with the directory holds the list', async () => {
    await clock.configure(await here('[cyrus]\ndirectory = true\n'));
    expect(clock.directory).toBeDefined();
    await clock.configure(await here('[cyrus]\ndirectory = false\n'));
    expect(clock.directory).toBeUndefined();
    clock.close();
  });

  test('what the configuration says otherwise than Cyrus is told at each reload', async () => {
    for (let i = 1; i <= 2; i++) {
      await clock.configure(await here('[lookup]\npost_user = "other"\n'));
      expect(lines).toHaveLength(i);
    }
    expect(lines[0]).toMatchObject({ event: 'cyrus-differs', file: pathOf('imapd.conf') });
    clock.close();
  });
});

describe('the back-channels of the Cyrus on this machine', () => {
  const lmtp = (name: string, endpoint: string): string =>
    `[backchannel.${name}]\ntype = "lmtp"\nendpoint = "${endpoint}"\n`;
  const route = (name: string): string => `[domains]\n"*" = "${name}"\n`;

  test('are none where there is no imapd.conf', async () => {
    expect(hosted(await configured(route('a') + lmtp('a', 'unix:/x')))).toEqual([]);
  });

  test('are the only UNIX socket of an lmtpd, wherever it is', async () => {
    expect(hosted(await here(route('a') + lmtp('a', 'unix:/x') + lmtp('b', 'inet:24@127.0.0.1')))).toEqual([
      'a',
    ]);
  });

  test('are of several UNIX sockets those on which it listens', async () => {
    const text = route('a') + lmtp('a', 'unix:/x') + lmtp('b', `unix:${pathOf('lmtp')}`);
    expect(hosted(await here(text))).toEqual(['b']);
  });

  test('are no ports, unless the configuration names the imapd.conf', async () => {
    const text = route('a') + lmtp('a', 'inet:24@127.0.0.1') + lmtp('far', 'inet:24@mail.example.net');
    expect(hosted(await here(text))).toEqual([]);
    const named = `[cyrus]\nimapd_conf = "${pathOf('imapd.conf')}"\n${text}`;
    expect(hosted(await here(named))).toEqual(['a']);
  });
});
