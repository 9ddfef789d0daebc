import { expect, test } from 'vitest';
import { describeSaid, saidOf, sessionIn } from '../../../src/validation/evidence.js';
import {
  addEvidence,
  deferred,
  DELIVERABLE,
  evidenceAdder,
  UNKNOWN,
} from '../../../src/validation/verdict.js';

test('what Cyrus said is kept without the name of its session, printable and short', () => {
  expect(saidOf('452', '4.2.2', 'Over quota SESSIONID=<a-1-2>')).toEqual({
    code: '452',
    enhanced: '4.2.2',
    text: 'Over quota',
  });
  expect(saidOf('451', '', 'a\x1b[31m\xfcb').text).toBe('a [31m b');
  expect(saidOf('451', '', 'a\r\n\0b').text).toBe('a b');
  expect(saidOf('451', '', 'x'.repeat(5000)).text).toHaveLength(200);
});

test('the name of a session is what Cyrus wrote in brackets, where it did', () => {
  expect(sessionIn('Ok SESSIONID=<cyrus-1795506244-32-1>')).toBe('cyrus-1795506244-32-1');
  for (const text of ['', 'Ok', 'SESSIONID=<>', 'SESSIONID=<two words>', `SESSIONID=<${'x'.repeat(129)}>`]) {
    expect(sessionIn(text)).toBeUndefined();
  }
});

test('it is told in one line', () => {
  expect(describeSaid({ code: '550', enhanced: '5.1.1', text: 'User unknown' })).toBe(
    '550 5.1.1 User unknown',
  );
  expect(describeSaid({ code: 'NO', enhanced: '', text: 'Mailbox does not exist' })).toBe(
    'NO Mailbox does not exist',
  );
});

test('evidence is added to what is there; a deliverable recipient carries none', () => {
  const asked = addEvidence(addEvidence(deferred('no'), { rule: 'space' }), { backchannel: 'cyrus' });
  expect(asked).toEqual({
    kind: 'deferred',
    reason: 'no',
    evidence: { rule: 'space', backchannel: 'cyrus' },
  });
  expect(addEvidence(DELIVERABLE, { backchannel: 'cyrus' })).toBe(DELIVERABLE);
  expect(UNKNOWN).toEqual({ kind: 'unknown' });
});

test('verdicts of a batch that are one object stay one', () => {
  const add = evidenceAdder({ backchannel: 'cyrus' });
  const one = add(UNKNOWN);
  expect(add(UNKNOWN)).toBe(one);
  expect(add(deferred('no'))).toMatchObject({ kind: 'deferred', evidence: { backchannel: 'cyrus' } });
  expect(add(UNKNOWN)).toEqual(one);
});
