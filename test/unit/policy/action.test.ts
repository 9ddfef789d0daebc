import { expect, test } from 'vitest';
import { formatAction, repliesOf, replyOfAction } from '../../../src/policy/action.js';

test.each([
  ['DUNNO', 'OK'],
  ['550 5.1.1 User unknown', 'NOTFOUND'],
  ['REJECT no', 'NOTFOUND'],
  ['452 4.2.2 Mailbox full', 'TEMP'],
  ['DEFER_IF_PERMIT later', 'TEMP'],
])('%s counts as %s, and is said as it stands', (action, status) => {
  const reply = replyOfAction(action);
  expect(reply).toEqual({ status, text: action });
  expect(formatAction(reply)).toBe(`action=${action}\n\n`);
});

test('has an answer for each verdict', () => {
  const actions = {
    deliverable: 'OK',
    unknown: '550 a',
    overquota: '452 b',
    refused: '550 c',
    deferred: '451 d',
  };
  const reply = repliesOf(actions);
  expect(reply({ kind: 'overquota' }).text).toBe('452 b');
  expect(reply({ kind: 'deferred', reason: 'x' }).text).toBe('451 d');
  expect(reply({ kind: 'deliverable' }).text).toBe('OK');
});
