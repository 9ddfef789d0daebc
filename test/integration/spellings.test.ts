// A stranger who asks for one spelling of a mailbox never changes the answer to another: by the whole back-channel, with an
// lmtpd that reads addresses as the four versions of Cyrus do. Such a pair once made an existing mailbox a 550.
import { expect, test } from 'vitest';
import { validatorRules } from '../../src/backchannels/rules.js';
import { REPLIES } from '../fakes/lmtp-server.js';
import { expectIndependence, SPELLING_CASES } from '../fakes/spelling-pairs.js';
import { CANARY, Rig, standStill } from './lmtp-rig.js';

standStill();

/** Few, since each goes over a socket; test/property/spellings.test.ts has many. */
const RUNS = 3;

test('no spelling that was asked for changes the answer to another one', { timeout: 120_000 }, async () => {
  const rig = await Rig.start();
  let exists = (_: string): boolean => false;
  let asked = 0;
  rig.lmtpd.override = (command) => {
    const address = /^RCPT TO:<(.*)>$/.exec(command)?.[1];
    if (address === undefined || address === CANARY) return undefined;
    asked += 1;
    return exists(address) ? REPLIES.deliverable : REPLIES.unknown;
  };
  for (const each of SPELLING_CASES) {
    await expectIndependence(each, rig.backchannels.route, validatorRules(rig.config), RUNS, (now) => {
      exists = now;
    });
  }
  expect(asked).toBeGreaterThan(SPELLING_CASES.length);
});
