// Stands between Cyrus and the socket for events of a daemon: how long each event waits for its answer.
import { chmod, mkdir } from 'node:fs/promises';
import { connect, createServer, type Server as Listener } from 'node:net';
import { join } from 'node:path';
import type { Server } from './rig.js';

export class EventGate {
  readonly #listener: Listener;
  /** In milliseconds, by the names of events. */
  readonly answeredMs = new Map<string, number[]>();

  private constructor(target: string) {
    this.#listener = createServer((near) => {
      const far = connect(target);
      let asked: { readonly event: string; readonly at: number } | undefined;
      near.on('data', (bytes) => {
        const event = /"event":"(\w+)"/.exec(bytes.toString('latin1'))?.[1];
        // An event may come in several pieces: the first one says which it is.
        if (event !== undefined) asked = { event, at: performance.now() };
        far.write(bytes);
      });
      far.on('data', (bytes) => {
        if (asked !== undefined) this.#note(asked.event, performance.now() - asked.at);
        asked = undefined;
        near.write(bytes);
      });
      near.on('error', () => far.destroy()).on('close', () => far.destroy());
      far.on('error', () => near.destroy()).on('close', () => near.destroy());
    });
  }

  /** @param name of the daemon; Cyrus hears it under this name and `-gate` */
  static async open({ eventsFolder }: Server, name: string): Promise<EventGate> {
    const gate = new EventGate(join(eventsFolder, name, 'socket'));
    const folder = join(eventsFolder, `${name}-gate`);
    await mkdir(folder, { recursive: true });
    await chmod(folder, 0o755);
    const socket = join(folder, 'socket');
    await new Promise<void>((resolve) => gate.#listener.listen(socket, resolve));
    await chmod(socket, 0o666);
    return gate;
  }

  close(): void {
    this.#listener.close();
  }

  #note(event: string, ms: number): void {
    const all = this.answeredMs.get(event) ?? [];
    this.answeredMs.set(event, all);
    all.push(ms);
  }
}
