import { beforeEach, describe, expect, test } from 'vitest';
import { ChangedNames } from '../../../../src/cyrus/mailbox-list/changed-names.js';
import { Directory } from '../../../../src/cyrus/mailbox-list/directory.js';
import { RETRY_MS } from '../../../../src/cyrus/mailbox-list/held-list.js';
import { silentLog, type Log } from '../../../../src/log/log.js';
import type { Proof } from '../../../../src/validation/proof.js';
import {
  asFolder,
  DEFAULT_ADDRESS_RULES,
  parseKey,
  type AddressRules,
  type Recipient,
} from '../../../../src/validation/recipient.js';
import {
  DELIVERABLE,
  deferred,
  OVERQUOTA,
  UNKNOWN,
  type Verdict,
} from '../../../../src/validation/verdict.js';
import { FakeList, gone, inbox } from '../../../fakes/mailbox-list.js';

const RULES: AddressRules = { ...DEFAULT_ADDRESS_RULES, postUser: 'post', defaultDomain: 'rig.test' };

let file: FakeList;
let directory: Directory;
let lmtpd: (recipient: Recipient) => Verdict;
let vouches: boolean;
let nowMs: number;
let lines: string[];

beforeEach(async () => {
  file = new FakeList();
  file.commit(
    inbox('alice', 'example.jp'),
    inbox('first.last', 'example.jp'),
    inbox('bob'),
    inbox('gone', 'example.jp', 'ed'),
    inbox('moving', 'example.jp', 'em'),
    inbox('postmaster', 'example.jp'),
    { key: 'Nexample.jp\x1duser\x1fodd..dots', value: '%(T e I x)' },
  );
  lmtpd = ({ mailbox }) => (/^(alice|first|bob|new)/.test(mailbox) ? DELIVERABLE : UNKNOWN);
  vouches = true;
  nowMs = 0;
  lines = [];
  directory = newDirectory();
  await directory.beat();
  // The first answer of a kind is lmtpd's.
  directory.answer(recipient('nobody@example.jp'));
  await settled();
});

function newDirectory(): Directory {
  const proof: Proof = {
    describe: () => 'by hand',
    floor: () => {
      directory.changed();
      return 0;
    },
    get vouchesForUnknown() {
      return vouches;
    },
    deferUnknown: false,
  };
  const write = (fields: object): void => void lines.push(Object(fields).event);
  const log: Log = { ...silentLog, info: write, warn: write, error: write };
  return new Directory({
    files: file,
    names: new ChangedNames(file, () => RULES),
    rules: () => RULES,
    proof: () => proof,
    ask: (who) => Promise.resolve(lmtpd(who)),
    pause: () => Promise.resolve(),
    now: () => nowMs,
    log,
  });
}

function recipient(key: string): Recipient {
  const parsed = parseKey(key, RULES);
  if (parsed.kind !== 'recipient') throw new Error(`${key} is ${parsed.kind}`);
  return parsed.recipient;
}

async function settled(): Promise<void> {
  for (let i = 0; i < 30; i++) await new Promise((resolve) => setImmediate(resolve));
}

const answer = (key: string) => directory.answer(recipient(key));

describe('the directory', () => {
  test.each([
    ['alice@example.jp', 'listed'],
    ['Alice@EXAMPLE.jp', 'listed'],
    ['first.last@example.jp', 'listed'],
    ['bob', 'listed'],
    ['bob@rig.test', 'listed'],
    ['alice+lists@example.jp', 'listed'],
    ['alice', 'unlisted'],
    ['nobody@example.jp', 'unlisted'],
    ['no-body_1@sub.example.jp', 'unlisted'],
    ['gone@example.jp', 'unlisted'],
  ])('says that %s is %s', (key, said) => {
    expect(answer(key)).toBe(said);
  });

  test.each([
    ['of a mailbox that moves', 'moving@example.jp'],
    ['of a detail that may name a shared mailbox', 'nobody+lists@example.jp'],
    ["of the post user's", 'post+shared/info@example.jp'],
    ['of the postmaster', 'postmaster@example.jp'],
    ['of dots in a row, or at an end', 'odd..dots@example.jp'],
    ['of other characters', 'a!b@example.jp'],
    ['of a circumflex where it is no dot', 'a=b@example.jp'],
    ['of an address literal', 'alice@[192.0.2.1]'],
    ['of an empty domain', 'alice@'],
  ])('says nothing %s: %s', (_, key) => {
    expect(answer(key)).toBeUndefined();
  });

  test('says nothing of a folder', () => {
    expect(directory.answer(asFolder(recipient('alice+lists@example.jp')))).toBeUndefined();
  });

  test('says nothing while the clock does not vouch', () => {
    vouches = false;
    expect([answer('alice@example.jp'), answer('nobody@example.jp')]).toEqual([undefined, undefined]);
  });

  test('says nothing before it is loaded, nor after it is closed', () => {
    directory.close();
    expect(answer('alice@example.jp')).toBeUndefined();
    directory = newDirectory();
    expect(answer('alice@example.jp')).toBeUndefined();
    expect(directory.state.standing).toBe('waiting');
  });

  test('follows what changes', () => {
    file.commit(inbox('new', 'example.jp'), gone(inbox('bob')));
    directory.changed();
    expect([answer('new@example.jp'), answer('bob')]).toEqual(['listed', 'unlisted']);
  });

  test('tells the changed names, but for what it loaded itself', () => {
    file.commit(inbox('new', 'example.jp'), gone(inbox('bob')));
    expect(directory.changed()?.slice().sort()).toEqual(['bob', 'new@example.jp']);
    const late = newDirectory();
    expect(late.changed()).toBeUndefined();
  });

  test('tells the changed names from the tail alone while it is not loaded', () => {
    directory = newDirectory();
    directory.changed();
    file.commit(inbox('new', 'example.jp'));
    expect(directory.changed()).toEqual(['new@example.jp']);
  });

  test('does not know what was committed just before it was loaded', async () => {
    directory = newDirectory();
    directory.changed();
    file.commit(inbox('new', 'example.jp'));
    await directory.beat();
    file.commit(inbox('later', 'example.jp'));
    const told = directory.changed();
    expect(told === undefined || told.includes('new@example.jp')).toBe(true);
  });
});

describe('held against lmtpd, the directory', () => {
  test('says of nobody that he is unlisted before lmtpd confirmed one', async () => {
    directory = newDirectory();
    await directory.beat();
    expect([answer('alice@example.jp'), answer('nobody@example.jp')]).toEqual(['listed', undefined]);
    await settled();
    expect(answer('nobody@example.jp')).toBe('unlisted');
    expect(directory.state.confirmed).toBe(2);
  });

  test.each([
    ['a listed mailbox that is unknown', 'alice@example.jp', UNKNOWN],
    ['an unlisted one that takes mail', 'nobody@example.jp', DELIVERABLE],
    ['an unlisted one that is full', 'nobody@example.jp', OVERQUOTA],
  ])('is off for this run at %s', async (_, key, verdict) => {
    lmtpd = () => verdict;
    nowMs = 120_000;
    answer(key);
    await settled();
    expect(directory.state.standing).toBe('off');
    expect(directory.state.reason).toContain(key);
    expect([answer('alice@example.jp'), answer('nobody@example.jp')]).toEqual([undefined, undefined]);
    expect(lines.at(-1)).toBe('directory-off');
    await directory.beat();
    expect(directory.state.standing).toBe('off');
  });

  test('is not blamed for what changed meanwhile', async () => {
    nowMs = 120_000;
    lmtpd = () => {
      file.commit(inbox('nobody', 'example.jp'));
      return DELIVERABLE;
    };
    answer('nobody@example.jp');
    await settled();
    expect(directory.state.standing).toBe('ready');
    expect(answer('nobody@example.jp')).toBe('listed');
  });

  test('says of nobody that he is unlisted while lmtpd cannot be asked; of who is listed it does', async () => {
    lmtpd = () => deferred('down');
    nowMs = 120_000;
    answer('nobody@example.jp');
    await settled();
    expect([answer('alice@example.jp'), answer('nobody@example.jp')]).toEqual(['listed', undefined]);
  });
});

test('where mailboxes are missing that nobody deleted, nobody is unlisted', async () => {
  nowMs = RETRY_MS;
  file.repair([gone(inbox('bob'))]);
  directory.changed();
  await settled();
  expect(directory.deferUnknown).toBe(true);
  expect(directory.state.missing).toBe(1);
  directory.changed();
  expect([answer('alice@example.jp'), answer('bob'), answer('nobody@example.jp')]).toEqual([
    'listed',
    undefined,
    undefined,
  ]);
});
