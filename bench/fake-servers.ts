// A fake Cyrus for what cannot be set in the real one: starts bench/fake-lmtpd.ts for as long as a measurement takes.
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Bench, Measured } from './measure.js';
import { PROGRAMS } from './paths.js';
import { startProgram, stopProgram } from './servers.js';
import { eventually, listens } from './wait.js';

/** @param delayMs how long each batch of commands takes, in milliseconds */
export async function withSlowCyrus(
  { folder }: Bench,
  delayMs: number,
  work: (lmtpSocket: string) => Promise<Measured>,
): Promise<Measured> {
  const socket = join(folder, 'fake-lmtp');
  await rm(socket, { force: true });
  const args = [join(PROGRAMS, 'fake-lmtpd.js'), socket, String(delayMs)];
  const child = startProgram(process.execPath, args, join(folder, 'fake-lmtpd.stderr'));
  try {
    await eventually('fake-lmtpd', () => listens(socket));
    return await work(socket);
  } finally {
    await stopProgram(child);
  }
}
