// The deadlines of a connection of a mail server: what is late is never written, and nobody is waited for without an end.
import { describe, expect, test, vi } from 'vitest';
import { START, endedSilently, limitedRig, ok, request, turns } from './connection-rig.js';

describe('an answer that comes too late', () => {
  test('is not written, and the connection ends', async () => {
    const rig = limitedRig();
    await rig.send(request('later1') + request('later2'));
    await rig.pass(28_000);
    rig.now = START + 29_001;
    await rig.answer('later1');
    expect(endedSilently(rig)).toBe(true);
    expect([rig.closed('late'), rig.connection.gone]).toEqual([1, true]);
    await rig.answer('later2');
    expect(rig.socket.sent).toBe('');
  });

  test('is written at the last moment', async () => {
    const rig = limitedRig();
    await rig.send(request('later'));
    await rig.pass(28_000);
    rig.now = START + 29_000;
    await rig.answer('later');
    expect([rig.socket.sent, rig.closed('late')]).toEqual([ok('later'), 0]);
  });

  test('is judged by the oldest that goes out with it, not by the newest', async () => {
    const rig = limitedRig();
    await rig.send(request('later1'));
    await rig.pass(20_000);
    await rig.send(request('later2'));
    await rig.pass(8_000);
    rig.now = START + 29_001;
    await rig.answer('later2', 'later1');
    expect(endedSilently(rig)).toBe(true);
  });

  test('takes none from what is asked later: each has its own time', async () => {
    const rig = limitedRig();
    await rig.send(request('later1'));
    await rig.pass(20_000);
    await rig.send(request('later2'));
    await rig.answer('later1');
    await rig.pass(25_000);
    await rig.answer('later2');
    expect(rig.socket.sent).toBe(ok('later1', 'later2'));
  });

  test('is not waited for longer: the connection ends without it', async () => {
    const rig = limitedRig();
    await rig.send(request('later'));
    await rig.pass(29_000);
    expect(rig.socket.finSent).toBe(false);
    await rig.pass(1);
    expect(endedSilently(rig)).toBe(true);
    expect(rig.closed('late')).toBe(1);
    await rig.pass(60_000);
    expect(rig.lines).toHaveLength(1);
  });

  test('counts from when its bytes may have come, where the process stood still for a while', async () => {
    const rig = limitedRig({ limits: { answerWithinMs: 9000 } });
    await rig.pass(1000);
    rig.now += 9000;
    await rig.send(request('a'));
    expect(endedSilently(rig)).toBe(true);
    expect(rig.closed('late')).toBe(1);
  });

  test('is judged by the first request of a turn, where a later one is broken', async () => {
    const rig = limitedRig({ limits: { answerWithinMs: 9000 } });
    await rig.pass(1000);
    rig.now += 9000;
    await rig.send('x:');
    expect(endedSilently(rig)).toBe(true);
    expect([rig.closed('protocolError'), rig.closed('late')]).toEqual([1, 1]);
  });

  test.each([
    ['another one', request('b')],
    ['a broken one', 'x:'],
  ])('is judged by the first request of a turn, where %s that came later is in it too', async (_, second) => {
    const rig = limitedRig();
    rig.connection.receive(Buffer.from(request('a')));
    for (let i = 0; i < 20; i++) rig.shared.watch.tick((rig.now += 1000));
    rig.connection.receive(Buffer.from(second));
    rig.now = START + 29_001;
    rig.connection.serveTurn(rig.now);
    await turns();
    expect(endedSilently(rig)).toBe(true);
    expect(rig.closed('late')).toBe(1);
  });

  test('counts from when its request was read, which is how long it waits for its turn', () => {
    const rig = limitedRig();
    rig.now += 5;
    rig.connection.receive(Buffer.from(request('a')));
    expect(rig.connection.waitingSince).toBe(START + 5);
  });

  test('is judged for a connection that waited to be accepted from when it may have been connected', async () => {
    const connected = { earliest: START - 20_000, noticed: START - 20_000 };
    const rig = limitedRig({ connected });
    await rig.send(request('later'));
    await rig.pass(9_000);
    expect(rig.socket.finSent).toBe(false);
    await rig.pass(1);
    expect(endedSilently(rig)).toBe(true);
  });

  test('is one to a request that could not even be read, because as many waited as may', async () => {
    const rig = limitedRig({ limits: { maxWaiting: 1 } });
    await rig.send(request('later1') + request('later2'));
    await rig.pass(20_000);
    await rig.answer('later1');
    expect(rig.asked).toEqual(['later1', 'later2']);
    await rig.pass(9_001);
    expect([rig.socket.sent, rig.socket.finSent, rig.closed('late')]).toEqual([ok('later1'), true, 1]);
  });
});

describe('a peer that is slow', () => {
  test('to finish its request is ended, however it dribbles', async () => {
    const rig = limitedRig();
    await rig.send('7:cyr');
    await rig.pass(6000);
    await rig.send('us');
    await rig.pass(3999);
    expect(rig.socket.finSent).toBe(false);
    await rig.pass(1);
    await vi.waitFor(() => expect(endedSilently(rig)).toBe(true));
    expect(rig.closed('slowRequest')).toBe(1);
  });

  test('to finish the next one has as long for it, from its first byte', async () => {
    const rig = limitedRig();
    await rig.pass(20_000);
    await rig.send(request('a'));
    await rig.pass(20_000);
    await rig.send('7:cyr');
    await rig.pass(9_999);
    expect(rig.socket.finSent).toBe(false);
    await rig.pass(1);
    await vi.waitFor(() => expect(rig.closed('slowRequest')).toBe(1));
  });

  test('to take its answers is closed', async () => {
    const rig = limitedRig();
    rig.socket.clog();
    await rig.send(request('a'));
    await rig.pass(9_999);
    expect(rig.socket.destroyed).toBe(false);
    await rig.pass(1);
    expect([rig.socket.destroyed, rig.closed('slowReader'), rig.served]).toEqual([true, 1, false]);
  });

  test('to take them is not idle, nor late', async () => {
    const rig = limitedRig({ limits: { idleTimeoutMs: 2000, writeTimeoutMs: 20_000 } });
    rig.socket.clog();
    await rig.send(request('a'));
    await rig.pass(19_000);
    expect([rig.socket.finSent, rig.socket.destroyed, rig.lines]).toEqual([false, false, []]);
  });
});

describe('an idle connection', () => {
  test('is ended after the time for that', async () => {
    const rig = limitedRig();
    await rig.pass(59_999);
    expect(rig.socket.finSent).toBe(false);
    await rig.pass(1);
    expect(endedSilently(rig)).toBe(true);
    expect(rig.lines).toEqual([expect.not.objectContaining({ error: expect.anything() as unknown })]);
    expect(rig.closed('idle')).toBe(1);
    await rig.pass(120_000);
    expect(rig.closed('idle')).toBe(1);
  });

  test('has been idle since its last request, where that was known', async () => {
    const rig = limitedRig();
    await rig.pass(50_000);
    await rig.send(request('a'));
    await rig.pass(59_999);
    expect(rig.socket.finSent).toBe(false);
    await rig.pass(1);
    expect(rig.closed('idle')).toBe(1);
  });

  test('has been idle since its last answer, where Cyrus was asked', async () => {
    const rig = limitedRig();
    await rig.send(request('later'));
    await rig.pass(20_000);
    await rig.answer('later');
    await rig.pass(59_999);
    expect(rig.socket.finSent).toBe(false);
    await rig.pass(1);
    expect(rig.closed('idle')).toBe(1);
  });

  test('is not idle in the middle of a request: an answer to the one before gives it no more time', async () => {
    const rig = limitedRig();
    await rig.send(`${request('later')}7:cyr`);
    await rig.pass(8000);
    await rig.answer('later');
    await rig.pass(1999);
    expect(rig.socket.finSent).toBe(false);
    await rig.pass(1);
    await vi.waitFor(() => expect(rig.closed('slowRequest')).toBe(1));
  });
});
