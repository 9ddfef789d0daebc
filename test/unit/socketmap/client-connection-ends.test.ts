// How a connection of a mail server ends: by its peer, by a stall, by the end of the server. Nothing is owed behind our FIN.
import { describe, expect, test } from 'vitest';
import { ConnectionRig, endedSilently, limitedRig, ok, request, turns } from './connection-rig.js';

describe('the FIN of the peer', () => {
  test('ends a connection that owes nothing', async () => {
    const rig = limitedRig();
    await rig.send(request('a'));
    await rig.sendFin();
    expect([rig.socket.sent, rig.socket.finSent, rig.served]).toEqual([ok('a'), true, false]);
    expect(rig.lines).toEqual([]);
  });

  test('leaves each request its reply, then the connection ends', async () => {
    const rig = limitedRig({ limits: { maxPerTurn: 1 } });
    await rig.send(request('later') + request('a'));
    await rig.sendFin();
    expect(rig.socket.finSent).toBe(false);
    await rig.answer('later');
    expect([rig.socket.sent, rig.socket.finSent]).toEqual([ok('later', 'a'), true]);
  });

  test('in the middle of a request ends it, and nothing is said', async () => {
    const rig = limitedRig();
    await rig.send('22:cyrus al');
    await rig.sendFin();
    expect(endedSilently(rig)).toBe(true);
  });

  test('after our own changes nothing', async () => {
    const rig = limitedRig();
    await rig.send('x:');
    const { sent } = rig.socket;
    await rig.sendFin();
    expect(rig.socket.sent).toBe(sent);
    expect([rig.closed('protocolError'), rig.lines.length]).toEqual([1, 1]);
  });
});

describe('a connection that is closed by its peer', () => {
  test('waits for nobody: what comes for it later is not written', async () => {
    const rig = limitedRig();
    await rig.send(request('later'));
    rig.socket.destroy();
    await turns();
    expect([rig.connection.gone, rig.served, rig.closes]).toEqual([true, false, 1]);
    await rig.answer('later');
    expect(rig.socket.sent).toBe('');
    await rig.pass(60_000);
    expect(rig.lines).toEqual([]);
  });

  test('does not wait for its turn any more', async () => {
    const rig = limitedRig();
    rig.socket.receive(request('later'));
    rig.socket.resume();
    await Promise.resolve();
    rig.socket.destroy();
    await turns();
    expect(rig.asked).toEqual([]);
    expect(rig.shared.turns.size).toBe(0);
  });
});

describe('a process that stood still', () => {
  test.each<[string, (rig: ConnectionRig) => Promise<void>]>([
    ['what it then reads', (rig) => rig.send(request('a'))],
    ['the FIN that it then reads', (rig) => rig.sendFin()],
    ['what Cyrus then says', (rig) => rig.answer('later')],
  ])('does not answer for %s', async (_, then) => {
    const rig = limitedRig({ limits: { answerWithinMs: 100_000 } });
    await rig.send(request('later'));
    rig.now += 25_001;
    await then(rig);
    expect(endedSilently(rig)).toBe(true);
    expect(rig.connection.gone).toBe(true);
  });

  test('does not answer what it had read before', async () => {
    const rig = limitedRig({ limits: { answerWithinMs: 100_000 } });
    rig.connection.receive(Buffer.from(request('a')));
    rig.now += 25_001;
    await turns();
    expect(endedSilently(rig)).toBe(true);
  });

  test('answers after less than that', async () => {
    const rig = limitedRig();
    rig.now += 25_000;
    await rig.send(request('a'));
    expect(rig.socket.sent).toBe(ok('a'));
  });
});

describe('while the server stops', () => {
  test('a connection ends that owes nothing', async () => {
    const rig = limitedRig();
    rig.shared.draining = true;
    rig.connection.resume();
    expect(rig.socket.writableEnded).toBe(true);
  });

  test('one that owes an answer gives it first', async () => {
    const rig = limitedRig();
    await rig.send(request('later'));
    rig.shared.draining = true;
    rig.connection.resume();
    expect(rig.socket.writableEnded).toBe(false);
    await rig.answer('later');
    expect([rig.socket.sent, rig.socket.finSent]).toEqual([ok('later'), true]);
  });

  test('one that is in the middle of a request may finish it', async () => {
    const rig = limitedRig();
    const whole = request('a');
    await rig.send(whole.slice(0, 4));
    rig.shared.draining = true;
    rig.connection.resume();
    expect(rig.socket.writableEnded).toBe(false);
    await rig.send(whole.slice(4));
    expect([rig.socket.sent, rig.socket.finSent]).toEqual([ok('a'), true]);
  });

  test('one that serves goes on', async () => {
    const rig = limitedRig();
    rig.connection.resume();
    await turns();
    expect(rig.socket.writableEnded).toBe(false);
  });
});

describe('an end of ours', () => {
  test('closes what has not taken its answers', async () => {
    const rig = limitedRig();
    rig.socket.clog();
    await rig.send(request('a'));
    rig.connection.abandon(rig.now);
    expect(rig.socket.destroyed).toBe(true);
  });

  test('is one: what ends already is not ended again, nor closed', async () => {
    const rig = limitedRig();
    rig.connection.abandon(rig.now);
    rig.connection.abandon(rig.now);
    await turns();
    expect([rig.socket.finSent, rig.socket.destroyed, rig.ends]).toEqual([true, false, 1]);
    rig.connection.resume();
    await turns();
    expect(rig.ends).toBe(1);
  });

  test('leaves what the peer still sends read, and unanswered', async () => {
    const rig = limitedRig({ limits: { maxDroppedBytes: 100 } });
    rig.connection.abandon(rig.now);
    await rig.send(request('a'));
    expect(endedSilently(rig)).toBe(true);
    expect(rig.shared.counters.requests).toBe(0);
    await rig.send('x'.repeat(101));
    expect([rig.socket.destroyed, rig.lingering.size]).toEqual([true, 0]);
  });

  test('that its peer does not take is overdue, and then closed', async () => {
    const rig = limitedRig();
    rig.socket.clog();
    await rig.send(request('a'));
    rig.socket.receiveFin();
    await turns();
    expect(rig.socket.writableEnded).toBe(true);
    await rig.pass(10_000);
    expect([rig.socket.destroyed, rig.closed('slowReader'), rig.closed('idle')]).toEqual([true, 1, 0]);
  });
});
