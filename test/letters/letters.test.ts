// Letters of strangers through real mail servers to a real Cyrus: none is taken that cannot be delivered, and none refused that can.
// 300 through each here, more with LETTERS: `npm run test:letters`. Beside it the same letters with smmapd in the daemon's place, and with
// somebody who says yes to everything, to see that a bounce is seen.
import { chmod, mkdir, rm } from 'node:fs/promises';
import type { Server } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startCyrus, type CyrusContainer } from '../containers/cyrus.js';
import { DaemonProcess } from '../containers/daemon.js';
import { relayTo } from '../containers/socket-relay.js';
import { startSocketmapServer, type SocketmapServer } from '../fakes/socketmap-server.js';
import { makeMapFolder } from '../system/map-folder.js';
import { makeMailboxes, whoIsDelivered } from './mailboxes.js';
import { PostOffice, type Make } from './post-office.js';
import { drawLetters } from './recipients.js';
import { sendAll, senderOf } from './send.js';
import { byKind, tallyOf, type Fate, type Tally } from './tally.js';

const ALONE = process.env['LETTERS'];
const LETTERS = Number(ALONE ?? 300);
const SEED = Number(process.env['LETTERS_SEED'] ?? 1);
const TIMEOUT_MS = 120_000 + LETTERS * 100;

const MAKES = ['Sendmail', 'Postfix'] as const;
const letters = drawLetters(LETTERS, SEED);
let folder: string;
let cyrus: CyrusContainer;
let daemon: DaemonProcess;
const relays: Server[] = [];
const yesMen: SocketmapServer[] = [];
let deliverable: ReadonlySet<string>;

beforeAll(async () => {
  folder = await makeMapFolder();
  for (const make of MAKES) {
    for (const asked of ['cyrusmapd', 'smmapd', 'yes'])
      await mkdir(join(folder, `${make}-${asked}`), { mode: 0o755 });
  }
  cyrus = await startCyrus();
  await makeMailboxes(cyrus);
  deliverable = await whoIsDelivered(cyrus, [...new Set(letters.map(({ to }) => to))]);
  daemon = await DaemonProcess.start({
    listen: MAKES.map((make) => `unix:${join(folder, `${make}-cyrusmapd/socketmap`)}`),
    config: `
      [backchannel.cyrus]
      type = "lmtp"
      endpoint = "${cyrus.lmtpUnix}"
      canary = "canary@example.jp"

      [socketmap]
      socket_mode = "0666"

      [lookup]
      post_user = "post"
    `,
  });
  for (const make of MAKES) {
    const smmapd = join(folder, `${make}-smmapd/socketmap`);
    const yes = join(folder, `${make}-yes/socketmap`);
    relays.push(await relayTo(smmapd, `${cyrus.socketFolder}/smmapd`));
    yesMen.push(await startSocketmapServer((key) => `OK ${key}`, yes));
    for (const path of [smmapd, yes]) await chmod(path, 0o666);
  }
}, TIMEOUT_MS);
afterAll(async () => {
  for (const relay of relays) relay.close();
  for (const each of yesMen) await each.stop();
  await daemon?.stop();
  await cyrus?.stop();
  await rm(folder, { recursive: true });
});

/** Sends all letters there, and waits until nothing is under way any more. */
async function send(make: Make, asked: string): Promise<Tally> {
  const mark = `${make}-${asked}`;
  const office = await PostOffice.open(make, join(folder, mark), cyrus.socketFolder);
  try {
    const began = performance.now();
    const said = await sendAll(office.port, letters, mark);
    const returned = await office.returned();
    const arrived = await arrivedOf(mark);
    const fates = [...said].map(([letter, said]): Fate => ({
      letter,
      said,
      bounced: returned.has(senderOf(letter)),
      arrived: arrived.has(`${mark}-${letter.number}`),
      deliverable: deliverable.has(letter.to),
    }));
    const tally = tallyOf(fates);
    tell(mark, fates, tally, performance.now() - began);
    return tally;
  } finally {
    await office.close();
  }
}

async function arrivedOf(mark: string): Promise<ReadonlySet<string>> {
  const found = await cyrus.exec([
    'sh',
    '-c',
    `grep -rhoE '^X-Letter: ${mark}-[0-9]+' /var/spool/cyrus/mail || true`,
  ]);
  return new Set(found.split(/\r?\n/).map((line) => line.replace('X-Letter: ', '')));
}

function tell(mark: string, fates: readonly Fate[], tally: Tally, ms: number): void {
  if (ALONE === undefined) return;
  const { bounced, wronglyRefused, wronglyDeferred, lost, ...counts } = tally;
  const few = { bounced, wronglyRefused, wronglyDeferred, lost };
  const shown = Object.entries(few).map(
    ([name, list]) => `${name} ${list.length}: ${list.slice(0, 5).join('; ')}`,
  );
  console.log(
    [`${mark}: ${JSON.stringify(counts)} in ${Math.round(ms / 1000)} s`, ...shown, ...byKind(fates)].join(
      '\n',
    ),
  );
}

describe.each(MAKES)('%s', (make) => {
  test(
    'asking cyrusmapd makes no bounce, refuses and defers nothing that would be delivered, and loses nothing',
    async () => {
      const { taken, refused, bounced, wronglyRefused, wronglyDeferred, lost } = await send(
        make,
        'cyrusmapd',
      );
      expect({ bounced, wronglyRefused, wronglyDeferred, lost }).toEqual({
        bounced: [],
        wronglyRefused: [],
        wronglyDeferred: [],
        lost: [],
      });
      expect(taken).toBeGreaterThan(LETTERS / 2);
      expect(refused).toBeGreaterThan(LETTERS / 10);
    },
    TIMEOUT_MS,
  );

  test(
    'asking smmapd lets letters through that come back, and refuses some that would be delivered',
    async () => {
      const { bounced, wronglyRefused, lost } = await send(make, 'smmapd');
      expect(lost).toEqual([]);
      expect(bounced.length).toBeGreaterThan(0);
      expect(wronglyRefused.length).toBeGreaterThan(0);
    },
    TIMEOUT_MS,
  );

  test(
    'asking somebody who always says yes makes a bounce of each letter that cannot be delivered',
    async () => {
      const { bounced, wronglyRefused, lost } = await send(make, 'yes');
      expect({ wronglyRefused, lost }).toEqual({ wronglyRefused: [], lost: [] });
      const hopeless = letters.filter(({ to }) => !deliverable.has(to));
      expect(bounced.toSorted()).toEqual(hopeless.map(({ to, kind }) => `${to} (${kind}): taken`).toSorted());
    },
    TIMEOUT_MS,
  );
});
