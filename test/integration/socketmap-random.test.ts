import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, test } from 'vitest';
import { NetstringDecoder, encodeNetstring } from '../../src/socketmap/netstring.js';
import { reply, request, startRig, type Peer, type Rig } from './socketmap-rig.js';

const INPUTS = 10_000;
const AT_ONCE = 40;

/** The same inputs at each run: mulberry32, a generator of 32 bits of state. */
function generator(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % below;
  };
}

/** Requests, half of the time with something broken in one place. */
function randomInput(random: (below: number) => number): string {
  const count = random(6);
  let input = '';
  for (let i = 0; i < count; i++)
    input += request(randomText(random, 40), randomText(random, 6).replaceAll(' ', ''));
  if (random(2) === 0) return input;
  const at = random(input.length + 1);
  const kept = at + random(3);
  return input.slice(0, at) + randomText(random, 4) + input.slice(kept);
}

function randomText(random: (below: number) => number, longest: number): string {
  const alphabet = random(3) === 0 ? 256 : 96;
  let text = '';
  for (let left = random(longest); left > 0; left--)
    text += String.fromCharCode(alphabet === 256 ? random(256) : 32 + random(95));
  return text.startsWith('later') || text === 'throws' ? '' : text;
}

/** What has to come back, without what it says about what is wrong. */
function expectedReplies(input: string): { replies: string; wrong: boolean } {
  const decoder = new NetstringDecoder();
  decoder.feed(Buffer.from(input, 'latin1'));
  let replies = '';
  try {
    for (let payload = decoder.next(); payload !== undefined; payload = decoder.next()) {
      const space = payload.indexOf(' ');
      if (space === -1) return { replies, wrong: true };
      const key = payload.slice(space + 1);
      replies += key === '' ? encodeNetstring('TEMP no value to answer with') : reply(key);
    }
  } catch {
    return { replies, wrong: true };
  }
  return { replies, wrong: false };
}

async function play(rig: Rig, input: string): Promise<void> {
  const peer: Peer = await rig.connect();
  peer.socket.end(input, 'latin1');
  const received = await peer.closed();
  const { replies, wrong } = expectedReplies(input);
  if (!wrong) return expect(received).toBe(replies);
  expect(received.startsWith(replies)).toBe(true);
  expect(received.slice(replies.length)).toMatch(/^\d+:TEMP (not a netstring|missing key): [ -~]*,$/);
}

function usedBytes(): number {
  setFlagsFromString('--expose-gc');
  const collect: unknown = runInNewContext('gc');
  if (typeof collect === 'function') for (let i = 0; i < 3; i++) collect();
  const { heapUsed, external, arrayBuffers } = process.memoryUsage();
  return heapUsed + external + arrayBuffers;
}

describe('ten thousand random inputs', () => {
  test('get right answers or a clean close, and leave nothing in memory', { timeout: 120_000 }, async () => {
    const rig = await startRig();
    const random = generator(7860);
    let afterWarmUp = 0;
    for (let done = 0; done < INPUTS; done += AT_ONCE) {
      if (done === INPUTS / 5) afterWarmUp = usedBytes();
      const inputs = Array.from({ length: AT_ONCE }, () => randomInput(random));
      await Promise.all(inputs.map((input) => play(rig, input)));
    }
    expect(rig.server.counters).toMatchObject({ accepted: INPUTS, closed: { failed: 0 } });
    expect(rig.server.counters.closed.protocolError).toBeGreaterThan(INPUTS / 10);
    expect(usedBytes() - afterWarmUp).toBeLessThan(4_000_000);
  });
});
