// Faults of Cyrus and of its list of mailboxes: its master, its container, mailboxes.db.
import { killContainer, pauseContainer, startContainer } from '../engine.js';
import type { Stack } from '../stack.js';
import type { Fault } from './fault.js';

const LIST = '/run/cyrus/socket/mailboxes.db';
const part = 'Cyrus';
const STOP_MS = 5_000;

function asCyrus({ cyrus }: Stack, script: string): Promise<string> {
  return cyrus.exec(['sh', '-c', script], 'cyrus');
}

/** In one rename, as an administrator who is in his right mind does it, so that mailboxes.db is never half a file. */
function putInPlace(file: string): string {
  return `cp -p ${file} ${LIST}.next && mv ${LIST}.next ${LIST}`;
}

function otherList(name: string, file: string): Fault {
  return {
    name,
    part,
    list: true,
    lasts: [300, 900],
    begin: async (stack) => {
      await asCyrus(stack, `ln ${LIST} ${LIST}.kept && ${putInPlace(file)}`);
      return async () => void (await asCyrus(stack, `mv ${LIST}.kept ${LIST}`));
    },
  };
}

export const CYRUS_FAULTS: readonly Fault[] = [
  {
    name: 'Cyrus stopped',
    part,
    lasts: [300, 1_000],
    begin: async ({ cyrus }) => {
      // Cyrus' master was seen not to end by SIGTERM, but to turn in a loop: so an administrator kills it.
      const patience = setTimeout(() => void cyrus.stopMaster('KILL'), STOP_MS);
      await cyrus.stopMaster().finally(() => clearTimeout(patience));
      return () => cyrus.startMaster();
    },
  },
  {
    name: 'Cyrus killed (KILL, all processes)',
    part,
    lasts: [100, 500],
    begin: async ({ cyrus }) => {
      await cyrus.stopMaster('KILL');
      return () => cyrus.startMaster();
    },
  },
  {
    name: 'container killed',
    part,
    lasts: [100, 500],
    begin: async (stack) => {
      await killContainer(stack.cyrus.id);
      return async () => {
        await startContainer(stack.cyrus.id);
        await stack.cyrus.ready();
      };
    },
  },
  {
    name: 'container paused',
    part,
    stops: true,
    lasts: [300, 1_500],
    begin: ({ cyrus }) => pauseContainer(cyrus.id),
  },
  {
    name: 'lmtpd killed',
    part,
    lasts: [100, 300],
    begin: async (stack) => {
      await stack.cyrus.exec(['sh', '-c', 'busybox killall -9 lmtpd || true']);
      return () => undefined;
    },
  },
  {
    name: 'mailboxes.db away',
    part,
    list: true,
    lasts: [300, 900],
    begin: async (stack) => {
      await asCyrus(stack, `mv ${LIST} ${LIST}.kept`);
      return async () => void (await asCyrus(stack, `mv ${LIST}.kept ${LIST}`));
    },
  },
  otherList('mailboxes.db replaced by an older one', `${LIST}.older`),
  otherList('mailboxes.db empty', `${LIST}.empty`),
  {
    name: 'mailboxes.db repacked',
    part,
    lasts: [100, 200],
    begin: async (stack) => {
      await asCyrus(stack, `/usr/lib/cyrus/bin/cyr_dbtool ${LIST} twoskip repack`);
      return () => undefined;
    },
  },
];
