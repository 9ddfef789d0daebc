import { once } from 'node:events';
import { chmodSync, existsSync, statSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { dirname } from 'node:path';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import type { EventsConfig } from '../../../../src/config/config.js';
import { openEvents, type Events } from '../../../../src/cyrus/events/events.js';
import { ConfigError, UnavailableError } from '../../../../src/errors.js';
import { silentLog } from '../../../../src/log/log.js';
import { Listener } from '../../../../src/net/listener.js';
import { DEFAULT_BELIEF } from '../../../../src/validation/belief.js';
import { DEFAULT_ADDRESS_RULES } from '../../../../src/validation/recipient.js';
import { Validator } from '../../../../src/validation/validator.js';
import { DELIVERABLE } from '../../../../src/validation/verdict.js';
import { VerdictCache } from '../../../../src/validation/verdict-cache.js';
import { HandProbe } from '../../../fakes/hand-probe.js';
import { afterwards, socketPath } from '../afterwards.js';

const OK = 'OK %()\r\n';
const ALICE = 'alice@example.jp';

let path: string;
let cache: VerdictCache;
let validator: Validator;
let lines: object[];
let published: string[];
/** How often a new list was asked for. */
let lists: number;

beforeEach(() => {
  path = socketPath();
  lines = [];
  published = [];
  lists = 0;
  const probe = new HandProbe();
  cache = new VerdictCache({ maxKnown: 10, maxNegative: 10 }, DEFAULT_BELIEF, performance.now());
  const rules = {
    address: DEFAULT_ADDRESS_RULES,
    deadlineMs: 5_000,
    eightBit: 'reject',
    alwaysAccepts: () => false,
  } as const;
  validator = new Validator(
    cache,
    () => probe,
    rules,
    () => performance.now(),
  );
});

type Changes = { readonly beside?: boolean; readonly maxConnections?: number };

async function opened(config: Partial<EventsConfig> = {}, changes: Changes = {}): Promise<Events> {
  const { beside, maxConnections } = changes;
  const events = await openEvents(
    {
      listen: { kind: 'unix', path },
      socketMode: 0o660,
      socketOwner: undefined,
      socketGroup: undefined,
      backchannels: undefined,
      negativeTtlMs: 60_000,
      forward: undefined,
      quota: false,
      serverNames: undefined,
      ...config,
    },
    validator,
    { ...silentLog, info: (line) => void lines.push(line) },
    (mailboxes, waits) => {
      published.push(`${mailboxes?.join() ?? 'any'}${waits ? ', and wait' : ''}`);
      return undefined;
    },
    () => (lists += 1),
    beside,
    maxConnections,
  );
  afterwards(() => events.close());
  return events;
}

/** A process of Cyrus that is connected. */
async function cyrus(): Promise<Socket> {
  const socket = connect({ path });
  afterwards(() => socket.destroy());
  await once(socket, 'connect');
  return socket;
}

/** Pushes an event as Cyrus does. @returns our answer */
async function push(event: string, eventClass = 'EVENT'): Promise<string> {
  const message = JSON.stringify({ event, uri: 'imap://h/user/alice%40example.jp', serverFQDN: 'b1.test' });
  const socket = await cyrus();
  socket.end(`NOTIFY %(CLASS ${eventClass} MESSAGE {${message.length}+}\r\n${message})\r\n`);
  const answer: unknown[] = await once(socket, 'data');
  return String(answer[0]);
}

describe('an event that Cyrus pushes', () => {
  test('is answered when the mailbox is forgotten, here and elsewhere', async () => {
    await opened();
    cache.remember(ALICE, DELIVERABLE, performance.now());
    expect(validator.known(ALICE)?.verdict).toEqual(DELIVERABLE);
    expect(await push('MailboxDelete')).toBe(OK);
    expect(validator.known(ALICE)).toBeUndefined();
    expect([published, lists]).toEqual([[`${ALICE}, and wait`], 0]);
  });

  test('that nobody understands outdates all that was known before, and a new list is due', async () => {
    const events = await opened();
    const before = performance.now();
    expect(events.proof.floor()).toBe(-Infinity);
    expect(await push('MailboxVanish')).toBe(OK);
    expect(events.proof.floor()).toBeGreaterThan(before);
    expect(events.proof.floor()).toBeLessThanOrEqual(performance.now());
    expect([published, lists, events.gaps.count]).toEqual([['any'], 1, 1]);
  });

  test('by a server that is not configured is one of these', async () => {
    const events = await opened({ serverNames: ['b2.test'] });
    expect(await push('MailboxDelete')).toBe(OK);
    expect(events.gaps.count).toBe(1);
    events.servers.expect(['b1.test']);
    expect(await push('MailboxDelete')).toBe(OK);
    expect(events.gaps.count).toBe(1);
  });

  test.each([true, false])('of quota counts where Cyrus was told to push it: %s', async (quota) => {
    await opened({ quota });
    expect(await push('QuotaExceed')).toBe(OK);
    expect(validator.known(ALICE)?.verdict.kind).toBe(quota ? 'overquota' : undefined);
  });

  test('that Cyrus could not connect for may have been any', async () => {
    const open = vi.spyOn(Listener, 'open');
    afterwards(() => open.mockRestore());
    const events = await opened();
    open.mock.calls[0]?.[2].failed(new Error('too many open files'), events.listener);
    expect([published, lists, events.gaps.count]).toEqual([['any'], 1, 1]);
  });

  test('over one connection more than there may be is lost, which is one of these', async () => {
    const events = await opened({}, { maxConnections: 1 });
    await cyrus();
    const second = await cyrus();
    await once(second.resume(), 'close');
    expect([events.gaps.count, events.receiver.size]).toEqual([1, 1]);
  });
});

describe('what is no event', () => {
  test('is handed on where that is configured', async () => {
    const next = socketPath();
    const received: string[] = [];
    const server = createServer((socket) =>
      socket.once('data', (chunk) => {
        received.push(chunk.toString());
        socket.end(OK);
      }),
    );
    server.listen(next);
    afterwards(() => server.close());
    await once(server, 'listening');
    const events = await opened({ forward: { kind: 'unix', path: next } });
    expect(await push('', 'SIEVE')).toBe(OK);
    await vi.waitFor(() => expect(events.forwarder?.delivered).toBe(1));
    expect(received).toEqual([expect.stringContaining('CLASS SIEVE')]);
    events.close();
    events.forwarder?.handOn({ name: 'NOTIFY', value: null, bytes: 'NOTIFY NIL\r\n' });
    expect(events.forwarder?.dropped).toBe(0);
    expect(received).toHaveLength(1);
  });

  test('is answered and forgotten elsewhere', async () => {
    const events = await opened();
    expect(await push('', 'SIEVE')).toBe(OK);
    expect([events.forwarder, events.gaps.count]).toEqual([undefined, 0]);
  });
});

describe('the socket', () => {
  test('has the mode that is configured, is told of, and is gone after the end', async () => {
    const events = await opened({ socketMode: 0o600 });
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(lines).toEqual([
      expect.objectContaining({ event: 'listening-for-events', endpoint: `unix:${path}` }),
    ]);
    const open = await cyrus();
    await vi.waitFor(() => expect(events.receiver.size).toBe(1));
    expect(events.proof.vouchesForUnknown).toBe(true);
    events.close();
    await once(open.resume(), 'close');
    expect([events.proof.vouchesForUnknown, existsSync(path)]).toEqual([false, false]);
  });

  test('in a folder where others can write is refused by its own key', async () => {
    chmodSync(dirname(path), 0o777);
    const refused = opened();
    await expect(refused).rejects.toThrow(ConfigError);
    await expect(refused).rejects.toThrow(`events.listen is unix:${path}: the folder`);
  });

  test('of a group that there is none of is refused by its own key', async () => {
    await expect(opened({ socketGroup: 'nosuch' })).rejects.toThrow('events.socket_group is "nosuch"');
  });

  test('that another process has is left to it, unless its place is to be taken', async () => {
    const first = await opened();
    await expect(opened()).rejects.toThrow(UnavailableError);
    const second = await opened({}, { beside: true });
    // Events still go to the first one, so the second one has missed whatever changes now.
    expect([first.proof.floor(), second.proof.floor()]).toEqual([-Infinity, Infinity]);
    expect(second.listener.succession?.place).toBe(path);
    expect(await push('MailboxVanish')).toBe(OK);
    expect([first.gaps.count, second.gaps.count]).toEqual([1, 0]);
  });

  test('that nobody has needs not be taken over', async () => {
    const only = await opened({}, { beside: true });
    expect([only.listener.succession, only.proof.floor()]).toEqual([undefined, -Infinity]);
  });
});
