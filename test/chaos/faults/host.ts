// Faults of the daemon's host: its disk, its clock, its pause, and the imapd.conf that it reads.
import { readFileSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Stack } from '../stack.js';
import type { Fault } from './fault.js';

const part = 'its host';
const HOUR_MS = 3_600_000;

function clockSet(name: string, shiftMs: number): Fault {
  return {
    name,
    part,
    lasts: [500, 2_000],
    begin: ({ room }) => {
      room.setClock(shiftMs);
      return Promise.resolve(() => room.setClock(0));
    },
  };
}

/** Log and state are opened anew while nothing can be written, and the state is saved. */
async function reload({ daemon }: Stack): Promise<void> {
  daemon.signal('SIGHUP');
  await sleep(100);
}

export const HOST_FAULTS: readonly Fault[] = [
  {
    name: 'disk full',
    part,
    lasts: [500, 1_500],
    begin: async (stack) => {
      await stack.room.fillDisk();
      await reload(stack);
      return () => stack.room.emptyDisk();
    },
  },
  {
    name: 'disk full at a restart',
    part,
    lasts: [0, 0],
    begin: async (stack) => {
      await stack.room.fillDisk();
      await stack.daemon.restart('SIGTERM');
      return () => stack.room.emptyDisk();
    },
  },
  {
    name: 'disk read-only',
    part,
    lasts: [500, 1_500],
    begin: async (stack) => {
      await stack.room.setDisk('ro');
      await reload(stack);
      return async () => {
        await stack.room.setDisk('rw');
        await reload(stack);
      };
    },
  },
  clockSet('clock set back by an hour, and right again', -HOUR_MS),
  clockSet('clock set forward by an hour, and right again', HOUR_MS),
  clockSet('clock set back by a second', -1_000),
  {
    name: 'machine paused (SIGSTOP, and the clock 40 s later)',
    part,
    stops: true,
    lasts: [300, 1_000],
    begin: ({ daemon, room }) => {
      daemon.signal('SIGSTOP');
      return Promise.resolve(() => {
        room.setClock(40_000);
        daemon.signal('SIGCONT');
      });
    },
  },
  {
    name: 'imapd.conf changed, half of it first',
    part,
    suits: ({ imapdConf }) => imapdConf !== undefined,
    lasts: [500, 2_500],
    begin: async ({ imapdConf = '' }, random) => {
      const text = readFileSync(imapdConf, 'utf8');
      writeFileSync(imapdConf, text.slice(0, random.below(text.length)));
      await sleep(random.between(50, 500));
      writeFileSync(imapdConf, `${text}lmtp_over_quota_perm_failure: no\n`);
      return () => writeFileSync(imapdConf, text);
    },
  },
];
