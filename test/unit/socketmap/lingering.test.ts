// Connections that we have ended, and their peers have not: how long they stay, and how much may still come.
import { Socket } from 'node:net';
import { beforeEach, describe, expect, test } from 'vitest';
import { Lingering } from '../../../src/socketmap/lingering.js';

const NOW = 1_000_000;

let lingering: Lingering;
let sockets: Socket[];

beforeEach(() => {
  lingering = new Lingering({ lingerTimeoutMs: 5000, maxDroppedBytes: 100 });
  sockets = [];
});

/** Some that were ended one after the other, a second apart. */
function end(count: number): Socket[] {
  for (let i = 0; i < count; i++) {
    const socket = new Socket();
    lingering.add(socket, NOW + i * 1000);
    sockets.push(socket);
  }
  return sockets;
}

function closed(): boolean[] {
  return sockets.map(({ destroyed }) => destroyed);
}

describe('a connection that we have ended', () => {
  test('is closed when its peer has had its time, and not before', () => {
    end(3);
    lingering.sweep(NOW + 4_999);
    expect(closed()).toEqual([false, false, false]);
    lingering.sweep(NOW + 5_000);
    expect(closed()).toEqual([true, false, false]);
    lingering.sweep(NOW + 6_500);
    expect(closed()).toEqual([true, true, false]);
    expect(lingering.size).toBe(1);
  });

  test('is closed where more bytes come than may', () => {
    const [socket = new Socket()] = end(1);
    lingering.drop(socket, 60);
    lingering.drop(socket, 40);
    expect(closed()).toEqual([false]);
    lingering.drop(socket, 1);
    expect([closed(), lingering.size]).toEqual([[true], 0]);
    lingering.drop(socket, 1);
    lingering.drop(new Socket(), 1000);
  });

  test('counts no more once its peer has closed it', () => {
    const [socket = new Socket()] = end(1);
    lingering.delete(socket);
    expect(lingering.size).toBe(0);
    lingering.sweep(NOW + 100_000);
    expect(closed()).toEqual([false]);
  });

  test('makes room for others where there are too many, the oldest first', () => {
    end(4);
    lingering.shrink(4);
    expect(closed()).toEqual([false, false, false, false]);
    lingering.shrink(2);
    expect([closed(), lingering.size]).toEqual([[true, true, false, false], 2]);
    lingering.shrink(0);
    expect(closed()).toEqual([true, true, true, true]);
  });
});
