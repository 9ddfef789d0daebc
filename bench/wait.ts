// Waits for things that another process does, of which it cannot tell us.
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

const POLL_MS = 5;
const LIMIT_MS = 20_000;

/** Waits until `holds` is true. @param what named in the error where that takes more than 20 s */
export async function eventually(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  const until = performance.now() + LIMIT_MS;
  while (!(await holds())) {
    if (performance.now() > until) throw new Error(`waited ${LIMIT_MS / 1000}s in vain for ${what}`);
    await sleep(POLL_MS);
  }
}

/** Whether something accepts connections there. */
export async function listens(path: string): Promise<boolean> {
  const socket = connect(path);
  return await new Promise((resolve) => {
    socket.once('connect', () => resolve(true));
    socket.once('error', () => resolve(false));
  }).then((accepted) => {
    socket.destroy();
    return accepted === true;
  });
}

/** The first bytes on a connection that is being opened, which is then closed; undefined where it ends before any came. */
export async function firstChunk(socket: Socket): Promise<string | undefined> {
  try {
    for await (const chunk of socket) return String(chunk);
  } catch {
    // The connection was refused or reset, so nothing came.
  }
  return undefined;
}
