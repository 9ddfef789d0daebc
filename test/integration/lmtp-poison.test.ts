// A mailbox on which lmtpd dies: Cyrus 3.2 to 3.12 do so over quota where event_groups has quota.
import { describe, expect, test } from 'vitest';
import { CLOSE, type Act } from '../fakes/lmtp-server.js';
import { Rig, standStill } from './lmtp-rig.js';

standStill();

const KEYS = ['alice', 'poison', 'bob', 'nobody', 'full'].map((local) => `${local}@example.jp`);

describe.each<[string, Act]>([
  ['after a word', '421 4.3.0 lmtpd: Internal error: assertion failed\r\n'],
  ['without one', CLOSE],
])('an lmtpd that dies of one mailbox %s', (_, act) => {
  test('defers that one alone, and is asked on', async () => {
    const rig = await Rig.start();
    rig.lmtpd.override = (command) => (/^RCPT TO:<poison@/.test(command) ? act : undefined);
    for (let i = 0; i < 20; i++) {
      const asked = KEYS.map((key) => key.replace('@', `+${i}@`));
      const said = await rig.askAll(...(i === 0 ? KEYS : asked));
      expect(said.map((each) => each.split(' ')[0])).toEqual([
        'deliverable',
        'deferred',
        'deliverable',
        'unknown',
        'overquota',
      ]);
    }
    expect(rig.lines).toEqual([]);
    // Lost in a batch, or alone, and once more alone.
    expect(rig.lmtpd.recipients.filter((each) => each.startsWith('poison'))).toHaveLength(40);
  });
});
