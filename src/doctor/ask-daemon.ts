// Asks the running daemon, over its control socket, how its proofs stand: the clock by mailboxes.db, and the list that it holds.
// Connects to that socket.
import { ControlClient } from '../admin/client.js';
import { DEFAULT_CONTROL } from '../config/built-in.js';
import type { Config } from '../config/config.js';
import { messageOf } from '../errors.js';
import { formatEndpoint } from '../net/endpoint.js';
import type { Unseen } from './finding.js';

/** How a proof stands: one of the words of ClockState or DirectoryState. */
export type Standing = { readonly standing: string; readonly reason: string | undefined };

/** The proofs of a running daemon. */
export type RunningProofs = {
  readonly clock: Standing | undefined;
  readonly directory: Standing | undefined;
};

/** @returns undefined where no control socket is configured, or nobody answers there */
export async function askDaemon(
  { admin }: Config,
  unseen: Unseen[],
  ask: (path: string) => Promise<unknown> = asked(admin),
): Promise<RunningProofs | undefined> {
  try {
    const figures = await ask('/stats');
    return { clock: standingOf(field(figures, 'clock')), directory: standingOf(field(figures, 'directory')) };
  } catch (error) {
    // Where none is configured there may be none at all, if its folder is missing: that is nothing to tell of.
    if (admin.listen !== undefined) {
      unseen.push({
        what: `the running daemon, on ${formatEndpoint(admin.listen)}`,
        why: messageOf(error),
      });
    }
    return undefined;
  }
}

function asked({ listen = DEFAULT_CONTROL }: Config['admin']): (path: string) => Promise<unknown> {
  const client = new ControlClient(listen);
  return (path) => client.json('GET', path);
}

function standingOf(value: unknown): Standing | undefined {
  const standing = field(value, 'standing');
  const reason = field(value, 'reason');
  if (typeof standing !== 'string') return undefined;
  return { standing, reason: typeof reason === 'string' ? reason : undefined };
}

function field(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null && name in value
    ? Object.entries(value).find(([key]) => key === name)?.[1]
    : undefined;
}
