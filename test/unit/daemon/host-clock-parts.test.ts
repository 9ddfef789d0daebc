// What the clock of the Cyrus on this machine is opened with, and when it is closed.
import { beforeEach, describe, expect, test, vi } from 'vitest';
import type { Config, CyrusHost } from '../../../src/config/config.js';
import type { openClock } from '../../../src/cyrus/mailbox-list/open-clock.js';
import { HostClock, hosted } from '../../../src/daemon/host-clock.js';
import { DEFAULT_BELIEF } from '../../../src/validation/belief.js';
import { DEFAULT_ADDRESS_RULES } from '../../../src/validation/recipient.js';
import { Validator } from '../../../src/validation/validator.js';
import { DELIVERABLE } from '../../../src/validation/verdict.js';
import { VerdictCache } from '../../../src/validation/verdict-cache.js';
import { recordingLog } from '../recording-log.js';
import { configured, pathOf } from './configured.js';
import { CYRUS_HOST } from './cyrus-host.js';
import { writeFileSync } from 'node:fs';

type Opened = { readonly args: Parameters<typeof openClock>; closes: number; close(): void };
const { clocks, lists } = vi.hoisted(() => ({
  clocks: [] as Opened[],
  lists: [] as { starts: number; closes: number; parts: { clock: () => unknown } }[],
}));
vi.mock('../../../src/cyrus/mailbox-list/open-clock.js', () => ({
  openClock: (...args: Opened['args']) => {
    const clock = { args, closes: 0, close: () => void (clock.closes += 1) };
    clocks.push(clock);
    return clock;
  },
}));
vi.mock('../../../src/daemon/host-list.js', () => ({
  openHostList: (_host: unknown, wanted: boolean, parts: { clock: () => unknown }) => {
    const list = {
      names: { names: true },
      directory: wanted ? {} : undefined,
      starts: 0,
      closes: 0,
      parts,
      start: () => void (list.starts += 1),
      close: () => void (list.closes += 1),
    };
    lists.push(list);
    return Promise.resolve(list);
  },
}));

const stamp = (path: string, mtimeNs = 1n) => ({ path, dev: 1n, ino: 1n, size: 1n, mtimeNs, ctimeNs: 1n });

const HOST: CyrusHost = { ...CYRUS_HOST, files: [stamp('/etc/imapd.conf'), stamp('/etc/more.conf')] };

let cache: VerdictCache;
let changed: string[];
let clock: HostClock;

beforeEach(() => {
  clocks.splice(0);
  lists.splice(0);
  changed = [];
  cache = new VerdictCache({ maxKnown: 10, maxNegative: 10 }, DEFAULT_BELIEF, 0);
  const rules = {
    address: DEFAULT_ADDRESS_RULES,
    deadlineMs: 5000,
    eightBit: 'reject' as const,
    alwaysAccepts: () => false,
  };
  const validator = new Validator(
    cache,
    () => 'unserved',
    rules,
    () => 0,
  );
  clock = new HostClock({
    validator,
    changed: (mailbox) => changed.push(`${mailbox} ${cache.knownSize}`),
    log: recordingLog().log,
    now: () => 0,
  });
});

async function configure(host: Partial<CyrusHost> | undefined, cyrus: Partial<Config['cyrus']> = {}) {
  const config = await configured(
    'domains = { "*" = "a" }\n[backchannel.a]\ntype = "lmtp"\nendpoint = "unix:/x"\n',
  );
  return clock.configure({
    ...config,
    host: host === undefined ? undefined : { ...HOST, ...host },
    cyrus: { ...config.cyrus, clock: true, directory: false, ...cyrus },
  });
}

describe('the clock', () => {
  test('looks at the list, and at the files by which its meaning would change', async () => {
    await configure({});
    expect(clocks[0]?.args[0]).toEqual({
      list: '/var/imap/mailboxes.db',
      kind: 'twoskip',
      mupdate: false,
      companions: ['/etc/imapd.conf', '/etc/more.conf'],
    });
    await configure({ userDeny: '/var/imap/user_deny.db', mupdate: true });
    expect(clocks[1]?.args[0]).toMatchObject({
      mupdate: true,
      companions: ['/etc/imapd.conf', '/etc/more.conf', '/var/imap/user_deny.db'],
    });
  });

  test('has a mailbox that changed forgotten, and then told of', async () => {
    await configure({});
    cache.remember('alice@example.jp', DELIVERABLE, 0);
    clocks[0]?.args[1].forget('alice@example.jp');
    expect(changed).toEqual(['alice@example.jp 0']);
  });

  test('is what the list goes by, which is begun when the clock is open', async () => {
    await configure({});
    expect(lists[0]?.parts.clock()).toBe(clock.clock);
    expect(lists[0]?.starts).toBe(1);
    expect(clocks[0]?.args[1].names).toEqual({ names: true });
  });

  test('is not there without a list of mailboxes', async () => {
    await configure({ list: undefined });
    expect([clock.clock, clocks]).toEqual([undefined, []]);
  });

  test('stays where the same files were only written anew, and is another where they are others', async () => {
    await configure({});
    const close = await configure({ files: [stamp('/etc/imapd.conf', 2n), stamp('/etc/more.conf', 2n)] });
    close();
    expect([clocks.length, clocks[0]?.closes]).toEqual([1, 0]);
    await configure({ files: [stamp('/etc/imapd.conf'), stamp('/etc/other.conf')] });
    expect(clocks).toHaveLength(2);
  });

  test('is closed with its list when the next one is asked, and not before', async () => {
    expect(clock.directory).toBeUndefined();
    // Nothing is closed where nothing was open.
    (await configure({}, { directory: true }))();
    expect(clock.directory).toBeDefined();
    const close = await configure(undefined);
    expect([clock.clock, clock.directory]).toEqual([undefined, undefined]);
    expect([clocks[0]?.closes, lists[0]?.closes]).toEqual([0, 0]);
    close();
    expect([clocks[0]?.closes, lists[0]?.closes]).toEqual([1, 1]);
  });

  test('is closed at the end, which may come twice, or before there was one', async () => {
    clock.close();
    await configure({});
    clock.close();
    clock.close();
    expect([clocks[0]?.closes, lists[0]?.closes, clock.clock]).toEqual([1, 1, undefined]);
    await configure({});
    expect(clocks).toHaveLength(2);
  });
});

describe('the back-channels of the Cyrus on this machine', () => {
  const backchannels = async (named: boolean): Promise<readonly string[]> => {
    writeFileSync(pathOf('password'), 'secret', { mode: 0o600 });
    writeFileSync(pathOf('list'), 'a@example.jp x\n');
    const imap = `[backchannel.imap]\ntype = "imap"\nendpoint = "unix:/imap"\nuser = "u"\npassword_file = "${pathOf('password')}"\n`;
    const list = `[backchannel.list]\ntype = "list"\nformat = "virtual"\nfile = "${pathOf('list')}"\n`;
    const far = '[backchannel.far]\ntype = "lmtp"\nendpoint = "inet:24@192.0.2.1"\n';
    const config = await configured(`domains = { "*" = "far" }\n${imap}${list}${far}`);
    return hosted({ ...config, host: { ...HOST, named } });
  };

  test('are those over IMAP too, where the configuration names its imapd.conf; never a list', async () => {
    expect(await backchannels(true)).toEqual(['imap']);
  });

  test('are only those of lmtpd, where that was found by itself', async () => {
    expect(await backchannels(false)).toEqual([]);
  });
});
