// The name of a UNIX socket that passes from one process to another: the new socket is renamed over the old one, so that
// at no moment nobody listens there. No second link to a socket is made where Sendmail looks: its safefile() refuses a
// file with two. File system only.
import { lstatSync, renameSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { UnavailableError, messageOf } from '../errors.js';

/** A place, and the name under which the socket waits that is to have it. */
export type Succession = { readonly place: string; readonly bound: string };

/** Which file it is: that stays the same under any name, as long as the file exists. */
export type Inode = { readonly ino: bigint; readonly dev: bigint };

type Step = Succession & {
  readonly heir: Inode;
  /** The name of another socket of the process that had the place; undefined where the exchange cannot be undone. */
  readonly spare: string | undefined;
};

/** Several places that pass together: all of them, or none. */
export class Exchange {
  readonly #done: readonly Step[];

  private constructor(done: readonly Step[]) {
    this.#done = done;
  }

  /**
   * Exchanges all of them, in one turn of the event loop.
   * @param spares for each place, another socket of whoever has it now: it gets the place back if this is undone
   * @throws UnavailableError where one place cannot pass; then all are as they were
   */
  static make(successions: readonly Succession[], spares: ReadonlyMap<string, string>): Exchange {
    const done: Step[] = [];
    try {
      const steps = successions.map((each) => ({
        ...each,
        heir: heirOf(each),
        spare: spares.get(each.place),
      }));
      for (const step of steps) {
        renameSync(step.bound, step.place);
        done.push(step);
      }
      return new Exchange(done);
    } catch (error) {
      new Exchange(done).undo();
      if (error instanceof UnavailableError) throw error;
      throw new UnavailableError(`the sockets cannot be exchanged: ${messageOf(error)}`, { cause: error });
    }
  }

  /** Gives their places back to those that were replaced, except where somebody else has come since. Never throws. */
  undo(): void {
    for (const { place, heir, spare } of this.#done) {
      try {
        const found = lstatSync(place, { bigint: true, throwIfNoEntry: false });
        if (spare !== undefined && (found === undefined || isSame(found, heir))) renameSync(spare, place);
      } catch {
        // The folder is gone, or no longer ours: nobody can be helped there.
      }
    }
  }
}

/** @throws UnavailableError where it is no socket that waits beside that place */
function heirOf({ place, bound }: Succession): Inode {
  if (basename(bound) !== 's' || dirname(dirname(bound)) !== dirname(place))
    throw new UnavailableError(`${bound} is no name beside ${place}`);
  const heir = lstatSync(bound, { bigint: true });
  if (!heir.isSocket()) throw new UnavailableError(`${bound} is no socket`);
  return heir;
}

/** Whether it is the same file. A rename changes nothing of it but the time of change. */
export function isSame(one: Inode, other: Inode): boolean {
  return one.ino === other.ino && one.dev === other.dev;
}
