import { describe, expect, test } from 'vitest';
import { Inbox } from '../../../src/socketmap/inbox.js';
import { NetstringDecoder } from '../../../src/socketmap/netstring.js';

const NEW = undefined;

async function turn(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}

function take(inbox: Inbox): [string | undefined, number, number] {
  return [inbox.next(), inbox.earliest, inbox.noticed];
}

describe('a request', () => {
  test.each([
    ['a whole one', ['1:a,'], ['a']],
    ['two at once', ['1:a,1:b,'], ['a', 'b']],
    ['one in pieces', ['1:a', ',1:b,'], ['a', 'b']],
    ['one behind others that wait', ['1:a,1:b,', '1:c,', '1:d,'], ['a', 'b', 'c', 'd']],
  ])('is kept though its bytes are overwritten: %s', (_, pieces, requests) => {
    const inbox = new Inbox(new NetstringDecoder(100), 0, NEW);
    const room = Buffer.alloc(20);
    for (const piece of pieces) {
      room.fill('9').write(piece);
      inbox.add(room, 0, 0, piece.length);
      room.fill(',');
    }
    expect(requests.map(() => inbox.next())).toEqual(requests);
    expect([inbox.next(), inbox.unread, inbox.midway]).toEqual([undefined, false, false]);
  });

  test('is dropped with the others', () => {
    const inbox = new Inbox(new NetstringDecoder(100), 0, NEW);
    inbox.add(Buffer.from('1:a,'), 0, 0);
    expect(inbox.unread).toBe(true);
    inbox.clear();
    expect([inbox.unread, inbox.next()]).toEqual([false, undefined]);
  });

  test('is as old as what it was read with, however long it has waited', () => {
    const inbox = new Inbox(new NetstringDecoder(100), 0, NEW);
    inbox.add(Buffer.from('1:a,1:b,'), 90, 100);
    expect([inbox.earliest, inbox.noticed]).toEqual([90, 100]);
    inbox.add(Buffer.from('1:c,1:'), 190, 200);
    inbox.add(Buffer.from('d,'), 290, 300);
    expect(take(inbox)).toEqual(['a', 90, 100]);
    expect(take(inbox)).toEqual(['b', 90, 100]);
    expect(take(inbox)).toEqual(['c', 190, 200]);
    expect(take(inbox)).toEqual(['d', 290, 300]);
    expect(take(inbox)[0]).toBeUndefined();
    expect([inbox.unread, inbox.midway]).toEqual([false, false]);
  });

  test('may be as old as a connection that waited to be accepted, until it was read for a whole turn', async () => {
    const inbox = new Inbox(new NetstringDecoder(100), 20_000, { earliest: 990, noticed: 1000 });
    inbox.add(Buffer.from('1:a,'), 19_900, 20_000);
    expect(take(inbox)).toEqual(['a', 990, 1000]);
    await turn();
    await turn();
    inbox.add(Buffer.from('1:b,'), 20_900, 21_000);
    expect(take(inbox)).toEqual(['b', 20_900, 21_000]);
  });

  test('may have come at any time since its socket was read no further', async () => {
    const inbox = new Inbox(new NetstringDecoder(100), 0, NEW);
    inbox.hold(1000);
    inbox.hold(5000);
    inbox.release();
    inbox.add(Buffer.from('1:a,'), 19_900, 20_000);
    expect(take(inbox)).toEqual(['a', 1000, 1000]);
    inbox.hold(20_000);
    await turn();
    await turn();
    inbox.release();
    inbox.add(Buffer.from('1:b,'), 29_900, 30_000);
    expect(take(inbox)).toEqual(['b', 1000, 1000]);
    await turn();
    await turn();
    inbox.add(Buffer.from('1:c,'), 39_900, 40_000);
    expect(take(inbox)).toEqual(['c', 39_900, 40_000]);
  });
});

describe('an inbox', () => {
  test('has unread what waits behind a piece that ended with a request, and keeps its order', () => {
    const inbox = new Inbox(new NetstringDecoder(100), 0, NEW);
    inbox.add(Buffer.from('1:a,1:b,'), 0, 0);
    inbox.add(Buffer.from('1:c,'), 0, 0);
    expect([inbox.next(), inbox.next(), inbox.unread]).toEqual(['a', 'b', true]);
    inbox.add(Buffer.from('1:d,'), 0, 0);
    expect([inbox.next(), inbox.next(), inbox.unread]).toEqual(['c', 'd', false]);
  });

  test('is full when 16 KiB wait behind what is being read, until they are read', () => {
    const inbox = new Inbox(new NetstringDecoder(20_000), 0, NEW);
    inbox.add(Buffer.from('1:a,1:b,'), 0, 0);
    inbox.next();
    const rest = Buffer.from(`16377:${'x'.repeat(16_377)},`);
    inbox.add(rest.subarray(0, 16_383), 0, 0);
    expect(inbox.full).toBe(false);
    inbox.add(rest.subarray(16_383), 0, 0);
    expect(inbox.full).toBe(true);
    expect([inbox.next(), inbox.next()?.length]).toEqual(['b', 16_377]);
    expect(inbox.full).toBe(false);
  });
});

describe('an inbox that is cleared', () => {
  test('holds nothing that was sent', () => {
    const inbox = new Inbox(new NetstringDecoder(100), 0, NEW);
    inbox.add(Buffer.from('1:a,1:b,'), 0, 0);
    inbox.add(Buffer.from('1:c,'), 0, 0);
    inbox.next();
    inbox.clear();
    expect([inbox.next(), inbox.unread]).toEqual([undefined, false]);
  });
});
