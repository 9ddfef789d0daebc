// Our netstring decoder beside that of the package netstring-stream, on whole requests in chunks of 64 KiB, in a process
// of their own. usage: node decoder.js cyrusmapd|netstring-stream SECONDS
import { execFile } from 'node:child_process';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import * as v from 'valibot';
import { NetstringDecoder } from '../src/socketmap/netstring.js';
import type { Bench, Measured } from './measure.js';
import { PROGRAMS } from './paths.js';

export type Decoder = 'cyrusmapd' | 'netstring-stream';

const CHUNK_BYTES = 64 * 1024;
const RESULT = v.object({ requests: v.number(), seconds: v.number(), cpuSeconds: v.number() });

/** Decodes one chunk, a latin1 string for each request. */
type Decode = (chunk: Buffer) => string[];

export async function decode({ seconds }: Bench, decoder: Decoder): Promise<Measured> {
  const args = [join(PROGRAMS, 'decoder.js'), decoder, String(seconds)];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  const result = v.parse(RESULT, JSON.parse(stdout));
  const rate = result.requests / result.seconds;
  return { values: { rate, cpu: (result.cpuSeconds * 1e6) / result.requests }, latency: [] };
}

export function ours(): Decode {
  const decoder = new NetstringDecoder();
  return (chunk) => {
    const requests: string[] = [];
    decoder.feed(chunk);
    for (let one = decoder.next(); one !== undefined; one = decoder.next()) requests.push(one);
    return requests;
  };
}

/** The decoder of netstring-stream, which has no types; its `read` takes a whole chunk. */
export function netstringStream(): Decode {
  const { read }: { read: (chunk: Buffer, encoding: 'buffer') => Buffer[] } = createRequire(import.meta.url)(
    'netstring-stream',
  );
  return (chunk) => read(chunk, 'buffer').map((request) => request.toString('latin1'));
}

/** A chunk with as many whole requests as it can hold. */
export function requestChunk(): { chunk: Buffer; requests: string[] } {
  const requests = Array.from(
    { length: Math.floor(CHUNK_BYTES / 27) },
    (_, i) => `cyrus u${String(i).padStart(5, '0')}@example.jp`,
  );
  const text = requests.map((request) => `${request.length}:${request},`).join('');
  return { chunk: Buffer.from(text, 'latin1'), requests };
}

function main(decoder: string | undefined, seconds: number): void {
  const decodeChunk = decoder === 'cyrusmapd' ? ours() : netstringStream();
  const { chunk, requests } = requestChunk();
  if (decodeChunk(chunk).join() !== requests.join()) throw new Error(`${decoder} decodes wrongly`);
  const warmUntil = performance.now() + Math.min(seconds, 1) * 300;
  while (performance.now() < warmUntil) decodeChunk(chunk);

  const cpu = process.cpuUsage();
  const started = performance.now();
  let count = 0;
  while (performance.now() < started + seconds * 1000) count += decodeChunk(chunk).length;
  const used = process.cpuUsage(cpu);
  const took = (performance.now() - started) / 1000;
  const cpuSeconds = (used.user + used.system) / 1e6;
  process.stdout.write(`${JSON.stringify({ requests: count, seconds: took, cpuSeconds })}\n`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) main(process.argv[2], Number(process.argv[3]));
