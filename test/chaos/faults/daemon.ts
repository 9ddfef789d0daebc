// Faults of the daemon's own process: signals, a takeover, want of memory and of descriptors; and a mail server that stands still.
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { pauseContainer } from '../engine.js';
import type { Fault } from './fault.js';

const part = 'the daemon';
const MANY = 600;

function stopped(name: string, lasts: Fault['lasts'], long = false): Fault {
  return {
    name,
    part,
    stops: true,
    long,
    lasts,
    begin: ({ daemon }) => {
      daemon.signal('SIGSTOP');
      return Promise.resolve(() => daemon.signal('SIGCONT'));
    },
  };
}

export const DAEMON_FAULTS: readonly Fault[] = [
  {
    name: 'SIGHUP, again and again',
    part,
    lasts: [100, 300],
    begin: async ({ daemon }, random) => {
      for (let times = random.between(1, 5); times > 0; times--) {
        daemon.signal('SIGHUP');
        await sleep(random.below(100));
      }
      return () => undefined;
    },
  },
  {
    name: 'SIGKILL',
    part,
    lasts: [0, 0],
    begin: ({ daemon }) => Promise.resolve(() => daemon.restart('SIGKILL')),
  },
  {
    name: 'SIGTERM, and started anew',
    part,
    lasts: [0, 0],
    begin: ({ daemon }) => Promise.resolve(() => daemon.restart('SIGTERM')),
  },
  {
    name: 'takeover',
    part,
    lasts: [0, 0],
    begin: async (stack) => {
      if (await stack.daemon.takeOver()) stack.count('takeovers');
      else stack.count('takeovers refused');
      return () => undefined;
    },
  },
  stopped('paused (SIGSTOP)', [300, 3_000]),
  stopped('paused for longer than Sendmail waits', [31_000, 33_000], true),
  {
    name: 'descriptors exhausted',
    part,
    lasts: [300, 1_000],
    begin: ({ path }) => {
      const sockets = Array.from({ length: MANY }, () => idle(path));
      return Promise.resolve(() => sockets.forEach((socket) => socket.destroy()));
    },
  },
  {
    name: 'no more memory to be had',
    part,
    lasts: [500, 2_000],
    begin: async ({ daemon }) => {
      await daemon.limitMemory('half');
      return async () => {
        await daemon.limitMemory('none');
        await daemon.listening();
      };
    },
  },
  {
    name: 'paused',
    part: 'the mail server',
    stops: true,
    lasts: [300, 1_500],
    begin: ({ servers }, random) => pauseContainer(random.pick(servers).id),
  },
];

function idle(path: string): Socket {
  const socket = connect({ path });
  socket.on('error', () => undefined);
  return socket;
}
