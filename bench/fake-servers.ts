// A fake Cyrus for what cannot be set in the real one: starts bench/fake-lmtpd.ts for as long as a measurement takes.
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Bench, Measured } from './measure.js';
import { PROGRAMS } from './paths.js';
import { startProgram, stopProgram } from './servers.js';
import { eventually, listens } from './wait.js';

/** What takes the delay: commands that were read together, each recipient, or each recipient on a disk that all sessions share. */
export type Pace = 'batch' | 'recipient' | 'disk';

/** @param delayMs how long lmtpd takes, in milliseconds */
export async function withSlowCyrus(
  { folder }: Bench,
  delayMs: number,
  work: (lmtpSocket: string) => Promise<Measured>,
  pace: Pace = 'batch',
): Promise<Measured> {
  const socket = join(folder, 'fake-lmtp');
  await rm(socket, { force: true });
  const args = [join(PROGRAMS, 'fake-lmtpd.js'), socket, String(delayMs), pace];
  const child = startProgram(process.execPath, args, join(folder, 'fake-lmtpd.stderr'));
  try {
    await eventually('fake-lmtpd', () => listens(socket));
    return await work(socket);
  } finally {
    await stopProgram(child);
  }
}
