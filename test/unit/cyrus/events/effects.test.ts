import { describe, expect, test } from 'vitest';
import { eventEffects } from '../../../../src/cyrus/events/effects.js';
import { ExpectedServers } from '../../../../src/cyrus/events/expected-servers.js';
import { GapLog } from '../../../../src/cyrus/events/gap-log.js';
import { silentLog } from '../../../../src/log/log.js';
import { EventsProof } from '../../../../src/validation/events-proof.js';

function effects(quota: boolean, names?: readonly string[]) {
  const done: string[] = [];
  const remembered = {
    forget: (mailbox: string) => void done.push(`forget ${mailbox}`),
    missed: () => void done.push('outdate all'),
    markOverQuota: (mailbox: string) => void done.push(`over quota ${mailbox}`),
  };
  const gaps = new GapLog(silentLog);
  const proof = new EventsProof();
  const servers = new ExpectedServers(names, silentLog);
  const onGap = (): void => void done.push('list anew');
  return {
    done,
    gaps,
    proof,
    events: eventEffects({
      remembered,
      quota,
      servers,
      gaps,
      forwarder: undefined,
      proof,
      now: () => 7,
      publish: (mailboxes, waits) => {
        done.push(`publish ${mailboxes?.join() ?? 'any'}${waits ? ', and wait' : ''}`);
        return undefined;
      },
      onGap,
    }),
  };
}

describe('an event', () => {
  test('of a change forgets the mailbox', () => {
    const { done, events } = effects(true);
    events.forget('alice@example.jp');
    expect(done).toEqual(['forget alice@example.jp']);
  });

  test('of quota marks the mailbox only where Cyrus was told to push it', () => {
    const pushed = effects(true);
    pushed.events.markOverQuota('alice@example.jp');
    expect(pushed.done).toEqual(['over quota alice@example.jp']);
    const strange = effects(false);
    strange.events.markOverQuota('alice@example.jp');
    expect(strange.done).toEqual([]);
  });
});

test.each([
  ['MailboxCreate', true],
  ['MailboxDelete', true],
  ['MailboxRename', true],
  // Rights decide about shared mailboxes only, which are asked about each time: see validator.test.ts.
  ['AclChange', false],
  // A delivery may be the cause.
  ['QuotaChange', false],
  ['QuotaWithin', false],
])('%s is told to other machines; that Cyrus waits for them is %s', (event, waits) => {
  const { done, events } = effects(true);
  void events.tell(['alice@example.jp'], event);
  expect(done).toEqual([`publish alice@example.jp${waits ? ', and wait' : ''}`]);
});

test('a gap outdates everything from before, is counted, and then a new list is due', () => {
  const { done, gaps, proof, events } = effects(true);
  events.gap('an event was lost');
  events.gap('another one');
  expect(done).toEqual([
    'outdate all',
    'publish any',
    'list anew',
    'outdate all',
    'publish any',
    'list anew',
  ]);
  expect([gaps.count, proof.floor()]).toEqual([2, 7]);
});
