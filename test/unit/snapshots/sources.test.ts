import { writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { buildBackchannels } from '../../../src/backchannels/build.js';
import { silentLog } from '../../../src/log/log.js';
import { listsEverything, snapshotSources, type ConfiguredSource } from '../../../src/snapshots/sources.js';
import { configured, pathOf } from '../daemon/configured.js';

const DOMAINS = 'domains = { "example.jp" = "one", "example.net" = "two" }\n';

function imap(name: string, more = ''): string {
  const password = pathOf('password');
  writeFileSync(password, 'secret\n', { mode: 0o600 });
  return `[backchannel.${name}]\ntype = "imap"\nendpoint = "inet:143@${name}.test"\ncanary = "alice@example.jp"\nuser = "cyrus"\npassword_file = "${password}"\nplain_anywhere = true\n${more}`;
}

function lmtp(name: string, more = ''): string {
  return `[backchannel.${name}]\ntype = "lmtp"\nendpoint = "inet:24@${name}.test"\n${more}`;
}

const now = () => 0;

/** The sources of one configuration after the other, as reloads make them. */
async function sourcesOf(...texts: string[]): Promise<readonly (readonly ConfiguredSource[])[]> {
  const all: (readonly ConfiguredSource[])[] = [];
  let former: Awaited<ReturnType<typeof buildBackchannels>> | undefined;
  for (const text of texts) {
    const config = await configured(text);
    former = await buildBackchannels(config, { log: silentLog, now, random: () => 0 }, former);
    all.push(snapshotSources(config, former, now, all.at(-1)));
  }
  return all;
}

describe('mailboxes are listed', () => {
  test('by each back-channel over IMAP that serves a domain, for that domain', async () => {
    const [[one, two] = []] = await sourcesOf(`${DOMAINS}${imap('one')}${imap('two')}`);
    expect([one?.name, two?.name]).toEqual(['one', 'two']);
    expect(one?.canaries).toEqual(['alice@example.jp']);
    expect([one?.covers('bob@example.jp'), one?.covers('bob@example.net')]).toEqual([true, false]);
    expect([two?.covers('bob@example.jp'), two?.covers('bob@example.net')]).toEqual([false, true]);
  });

  test('by none over LMTP, which cannot list, and by none that serves no domain', async () => {
    const [sources] = await sourcesOf(`domains = { "example.jp" = "one" }\n${lmtp('one')}${imap('two')}`);
    expect(sources).toEqual([]);
  });

  test('for the back-channel, too, of which it is the second', async () => {
    const text = `domains = { "example.jp" = "one" }\n${lmtp('one', 'second = "two"\n')}${imap('two')}`;
    const [[source] = []] = await sourcesOf(text);
    expect(source?.listsFor).toEqual(['one', 'two']);
    expect(source?.covers('bob@example.jp')).toBe(true);
  });
});

describe('after a reload', () => {
  test('what is the same is kept, with its login', async () => {
    const text = `${DOMAINS}${imap('one')}${imap('two')}`;
    const [before, after] = await sourcesOf(text, `${text}[cache]\nknown_ttl = "5s"\n`);
    expect(after).toHaveLength(2);
    expect(after?.map((each, at) => each === before?.[at])).toEqual([true, true]);
  });

  test.each([
    ['the domains', `domains = { "*" = "one", "example.net" = "two" }\n${imap('one')}${imap('two')}`],
    [
      'who is its second',
      `domains = { "example.net" = "two" }\n${imap('one', 'second = "two"\n')}${imap('two')}`,
    ],
    ['the back-channel', `${DOMAINS}${imap('one', 'list_timeout = "1h"\n')}${imap('two', 'batch = 5\n')}`],
    [
      'whether its session is kept, since it would be idle for too long',
      `${DOMAINS}${imap('one')}${imap('two')}[cache]\nsnapshot_interval = "30m"\n`,
    ],
    [
      'the default domain',
      `${DOMAINS}${imap('one')}${imap('two')}[lookup]\ndefault_domain = "example.net"\n`,
    ],
  ])('another one is made where %s changed', async (_, text) => {
    const [before = [], after = []] = await sourcesOf(`${DOMAINS}${imap('one')}${imap('two')}`, text);
    expect(after.length).toBeGreaterThan(0);
    expect(after.filter((each) => before.includes(each))).toEqual([]);
  });
});

test.each([
  [true, `${DOMAINS}${imap('one')}${imap('two')}`],
  [true, `${DOMAINS}${imap('one')}${lmtp('two', 'second = "one"\n')}`],
  [false, `${DOMAINS}${imap('one')}${lmtp('two')}`],
  [false, `domains = { "example.jp" = ["one", "two"] }\n${imap('one')}${lmtp('two')}`],
])('all mailboxes are listed where each server of each domain lists them: %s', async (all, text) => {
  expect(listsEverything(await configured(text))).toBe(all);
});
