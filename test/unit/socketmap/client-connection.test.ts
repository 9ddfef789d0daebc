// One connection of a mail server: each request has one reply, in order; and what of the peer is read no further, or no more.
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { encodeNetstring } from '../../../src/socketmap/netstring.js';
import { SOCKETMAP } from '../../../src/socketmap/dialect.js';
import { ConnectionRig, START, ok, request, turns } from './connection-rig.js';

/** Mistakes of the connection that nobody waits for. */
const mistakes: unknown[] = [];
const keep = (mistake: unknown): void => void mistakes.push(mistake);
beforeEach(() => void process.on('unhandledRejection', keep));
afterEach(() => {
  process.off('unhandledRejection', keep);
  expect(mistakes.splice(0)).toEqual([]);
});

const BROKEN = 'x:';
const SAYS_WHAT_WAS_WRONG = /^\d+:TEMP .*,$/;

describe('requests', () => {
  test.each([
    ['the buffer that all connections share', true],
    ['a buffer of their own', false],
  ])('are answered whether they are read into %s', async (_, inPlace) => {
    const rig = new ConnectionRig({ inPlace });
    await rig.send(request('a'));
    await rig.send(request('b') + request('c').slice(0, 3));
    await rig.send(request('c').slice(3));
    expect(rig.socket.sent).toBe(ok('a', 'b', 'c'));
  });

  test('in one piece are answered in order, in one write', async () => {
    const rig = new ConnectionRig();
    await rig.send(request('a') + request('b') + request('c'));
    expect(rig.socket.pieces).toEqual([ok('a', 'b', 'c')]);
    expect(rig.shared.counters.requests).toBe(3);
    expect(rig.shared.counters.replies).toEqual({ OK: 3, NOTFOUND: 0, TEMP: 0 });
    expect([rig.served, rig.connection.gone]).toEqual([true, true]);
  });

  test('that are known and wait behind one that has to be asked come after it, in one write', async () => {
    const rig = new ConnectionRig();
    await rig.send(request('a') + request('later') + request('b'));
    expect(rig.socket.pieces).toEqual([ok('a')]);
    expect(rig.connection.gone).toBe(false);
    await rig.answer('later');
    expect(rig.socket.pieces).toEqual([ok('a'), ok('later', 'b')]);
    expect(rig.connection.gone).toBe(true);
  });

  test('whose answers come in one turn are answered in one write, in the order of the requests', async () => {
    const rig = new ConnectionRig();
    await rig.send(request('later1') + request('later2') + request('later3'));
    await rig.answer('later3', 'later2', 'later1');
    expect(rig.socket.pieces).toEqual([ok('later1', 'later2', 'later3')]);
  });

  test('are answered as far as no earlier one waits', async () => {
    const rig = new ConnectionRig();
    await rig.send(request('later1') + request('later2') + request('later3'));
    await rig.answer('later2');
    expect(rig.socket.pieces).toEqual([]);
    await rig.answer('later1');
    expect(rig.socket.pieces).toEqual([ok('later1', 'later2')]);
    await rig.answer('later3');
    expect(rig.socket.pieces).toEqual([ok('later1', 'later2'), ok('later3')]);
  });

  test('are asked for this connection, with the time that they have waited since they were read', async () => {
    const rig = new ConnectionRig();
    await rig.send(request('later1'));
    expect(rig.question('later1')).toMatchObject({ asker: rig.connection, waitedMs: 0 });
    const parse = SOCKETMAP.parse;
    const slow = new ConnectionRig({
      dialect: {
        ...SOCKETMAP,
        parse: (payload) => ({ ...parse(payload), messageBytes: payload.length }),
      },
      connected: { earliest: START - 3000, noticed: START - 2000 },
    });
    await slow.send(request('later2'));
    expect(slow.question('later2')).toMatchObject({ waitedMs: 2000, messageBytes: 'cyrus later2'.length });
  });

  test('count their bytes as asked for until Cyrus has answered, or failed', async () => {
    const rig = new ConnectionRig();
    await rig.send(request('later1') + request('later2'));
    expect(rig.shared.askedBytes).toBe('cyruslater1'.length * 2);
    await rig.answer('later1');
    expect(rig.shared.askedBytes).toBe('cyruslater1'.length);
    rig.question('later2').reject(new TypeError('a mistake of ours'));
    await turns();
    expect(rig.shared.askedBytes).toBe(0);
  });

  test('count as recent where they did not wait for the answer to the one before, and half as much with each second', async () => {
    const rig = new ConnectionRig();
    await rig.send(request('a').repeat(9));
    expect(rig.connection.recent).toBe(8);
    await rig.pass(1000);
    expect(rig.connection.recent).toBe(4);
  });

  test('that come one after the other make nobody wait behind others', async () => {
    const rig = new ConnectionRig();
    for (let i = 0; i < 9; i++) await rig.send(request('a'));
    expect(rig.connection.recent).toBe(0);
  });
});

describe('a turn', () => {
  test('answers no more of one connection than it may, and goes on in the next', async () => {
    const rig = new ConnectionRig({ limits: { maxPerTurn: 5 } });
    await rig.send(request('a').repeat(12));
    expect(rig.socket.pieces).toEqual([ok(...'aaaaa'), ok(...'aaaaa'), ok(...'aa')]);
  });

  test.each([
    [16, 2],
    [17, 3],
  ])('counts one that has to be asked for as eight that are known: of %i it asks %i', (maxPerTurn, asked) => {
    const rig = new ConnectionRig({ limits: { maxPerTurn } });
    rig.connection.receive(Buffer.from(['1', '2', '3', '4'].map((each) => request(`later${each}`)).join('')));
    rig.connection.serveTurn(rig.now);
    expect(rig.asked).toHaveLength(asked);
  });
});

describe('a broken request', () => {
  test('is the last that is answered: with what was wrong, and our end', async () => {
    const rig = new ConnectionRig();
    await rig.send(request('a') + BROKEN + request('b'));
    const [first = '', ...more] = rig.socket.pieces;
    expect(first.slice(0, ok('a').length)).toBe(ok('a'));
    expect(first.slice(ok('a').length)).toMatch(SAYS_WHAT_WAS_WRONG);
    expect([more, rig.socket.finSent, rig.served]).toEqual([[], true, false]);
    expect(rig.closed('protocolError')).toBe(1);
    expect(rig.lines).toEqual([
      expect.objectContaining({
        reason: 'protocolError',
        endpoint: 'unix:/s',
        connection: 7,
        error: expect.any(String) as string,
      }),
    ]);
    expect(rig.shared.counters.replies.TEMP).toBe(1);
  });

  test('waits for what was asked before it, and nothing that comes behind it is read', async () => {
    const rig = new ConnectionRig();
    await rig.send(request('later') + BROKEN);
    await rig.send(request('b') + request('later2'));
    expect([rig.socket.sent, rig.asked]).toEqual(['', ['later']]);
    expect(rig.socket.isPaused()).toBe(true);
    rig.connection.serveTurn(rig.now);
    await rig.answer('later');
    expect(rig.closed('protocolError')).toBe(1);
    expect(rig.socket.sent.slice(0, ok('later').length)).toBe(ok('later'));
    expect(rig.socket.sent.slice(ok('later').length)).toMatch(SAYS_WHAT_WAS_WRONG);
    expect([rig.socket.finSent, rig.asked]).toEqual([true, ['later']]);
    await vi.waitFor(() => expect(rig.socket.isPaused()).toBe(false));
  });
});

describe('a mistake of ours', () => {
  test('while something is looked up ends the connection without a word', async () => {
    const rig = new ConnectionRig();
    await rig.send(request('throws'));
    expect([rig.socket.sent, rig.socket.finSent, rig.closed('failed')]).toEqual(['', true, 1]);
    expect(rig.lines).toEqual([expect.objectContaining({ reason: 'failed', error: 'a mistake of ours' })]);
  });

  test('while Cyrus is asked does so too, and what was asked before it is not answered', async () => {
    const rig = new ConnectionRig();
    await rig.send(request('later1') + request('later2'));
    rig.question('later2').reject(new TypeError('a mistake of ours'));
    await turns();
    expect([rig.socket.finSent, rig.closed('failed'), rig.connection.gone]).toEqual([true, 1, true]);
    await rig.answer('later1');
    expect(rig.socket.sent).toBe('');
    expect([rig.ends, rig.socket.destroyed]).toEqual([1, false]);
  });

  test('is the end, though an answer comes in the same moment', async () => {
    const rig = new ConnectionRig();
    await rig.send(request('later1') + request('later2') + request('later3'));
    rig.question('later1').resolve({ status: 'OK', text: 'later1' });
    rig.question('later2').reject(new TypeError('a mistake of ours'));
    rig.question('later3').reject(new TypeError('a mistake of ours'));
    await turns();
    expect([rig.socket.sent, rig.socket.finSent, rig.socket.destroyed]).toEqual(['', true, false]);
    expect(rig.ends).toBe(1);
  });
});

describe('while as many wait for Cyrus as may', () => {
  test('the connection is served no further, until one is answered', async () => {
    const rig = new ConnectionRig({ limits: { maxWaiting: 2 } });
    await rig.send(['later1', 'later2', 'later3', 'later4'].map(request).join(''));
    expect(rig.asked).toEqual(['later1', 'later2']);
    await rig.answer('later2');
    expect(rig.asked).toHaveLength(2);
    await rig.answer('later1');
    expect(rig.asked).toHaveLength(4);
  });

  test('it does not wait for a turn that could do nothing', async () => {
    const rig = new ConnectionRig({ limits: { maxWaiting: 1 } });
    await rig.send(request('later1') + request('later2'));
    expect(rig.shared.turns.size).toBe(0);
    await rig.send(request('a'));
    expect(rig.shared.turns.size).toBe(0);
  });

  test('no more is read while one is left unread, and that is answered in the end', async () => {
    const rig = new ConnectionRig({ limits: { maxWaiting: 1 } });
    const many = request('a').repeat(2000);
    await rig.send(request('later1'));
    expect(rig.socket.isPaused()).toBe(false);
    await rig.send(many);
    expect(rig.socket.isPaused()).toBe(true);
    await rig.send(many + request('b'));
    await rig.answer('later1');
    await turns(100);
    expect(rig.socket.isPaused()).toBe(false);
    expect(rig.socket.sent).toBe(ok('later1', ...'a'.repeat(4000), 'b'));
  });
});

describe('while the peer does not take its answers', () => {
  const KEY = 'k'.repeat(9000);

  test('nothing more of it is read or answered', async () => {
    const rig = new ConnectionRig();
    rig.socket.clog();
    await rig.send(request(KEY) + request(KEY));
    expect(rig.socket.isPaused()).toBe(true);
    await rig.send(request('later'));
    expect(rig.asked).toEqual([]);
    rig.socket.unclog();
    await turns();
    expect(rig.socket.isPaused()).toBe(false);
    expect(rig.asked).toEqual(['later']);
    await rig.answer('later');
    expect(rig.socket.sent).toBe(ok(KEY, KEY, 'later'));
  });

  test('what was read of it already waits, without a turn that could do nothing', async () => {
    const rig = new ConnectionRig({ limits: { maxPerTurn: 2 } });
    rig.socket.clog();
    await rig.send(request(KEY) + request(KEY) + request('a'));
    expect(rig.shared.turns.size).toBe(0);
    rig.connection.serveTurn(rig.now);
    expect(rig.shared.counters.requests).toBe(2);
    rig.socket.unclog();
    await turns();
    expect(rig.socket.sent).toBe(ok(KEY, KEY, 'a'));
  });

  test('its FIN does not end the connection before it has them', async () => {
    const rig = new ConnectionRig();
    rig.socket.receive(request(KEY) + request(KEY));
    rig.socket.receiveFin();
    rig.socket.clog();
    await turns();
    expect(rig.socket.writableEnded).toBe(false);
    rig.socket.unclog();
    await turns();
    expect(rig.socket.sent).toBe(ok(KEY, KEY));
    expect(rig.socket.finSent).toBe(true);
  });

  test('what it asked before our mistake is closed, since what was written cannot be taken back', async () => {
    const rig = new ConnectionRig();
    rig.socket.clog();
    await rig.send(request('a') + request('later'));
    rig.question('later').reject(new TypeError('a mistake of ours'));
    await turns();
    expect([rig.socket.destroyed, rig.served, rig.closes]).toEqual([true, false, 1]);
  });
});

test('a reply for a front of its own is written as that writes it', async () => {
  const rig = new ConnectionRig({ dialect: { ...SOCKETMAP, format: ({ text }) => encodeNetstring(text) } });
  await rig.send(request('a'));
  expect(rig.socket.sent).toBe('1:a,');
});
