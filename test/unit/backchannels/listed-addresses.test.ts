// Which recipients the entries of a list mean, in the order in which Sendmail and Postfix look them up.
import { describe, expect, test } from 'vitest';
import { parseList } from '../../../src/backchannels/list-file.js';
import type { ListFormat } from '../../../src/backchannels/table-keys.js';
import { DEFAULT_ADDRESS_RULES, parseKey, partsOf } from '../../../src/validation/recipient.js';

const RULES = { ...DEFAULT_ADDRESS_RULES, defaultDomain: 'default.test' };

async function accepted(
  format: ListFormat,
  text: string,
  keys: readonly string[],
  domains: readonly string[] | 'default' = ['example.jp'],
): Promise<string[]> {
  const origin = { file: '/x', format, domains: domains === 'default' ? undefined : domains };
  const list = await parseList(Buffer.from(text, 'latin1'), origin, 'key', RULES);
  return keys.filter((key) => {
    const parsed = parseKey(key, RULES);
    return list.has(parsed.kind === 'recipient' ? parsed.recipient : partsOf(key, RULES));
  });
}

describe('a list', () => {
  test('has mailboxes, and whole domains', async () => {
    const keys = [
      'Alice@example.jp',
      'alice+x@example.jp',
      'any@Example.Net',
      'a b@example.net',
      'bob@example.jp',
    ];
    expect(await accepted('mailboxes', 'alice@example.jp\n@example.net # all\n', keys, 'default')).toEqual(
      keys.slice(0, 4),
    );
  });

  test('means an entry without a domain in the domains that it is for, else in the default one', async () => {
    const keys = ['info@example.jp', 'info@default.test', 'info@example.net', 'info'];
    for (const format of ['mailboxes', 'aliases', 'virtual'] as const) {
      const text = { mailboxes: 'info\n', aliases: 'info: x\n', virtual: 'info x\n' }[format];
      const here = await accepted(format, text, keys);
      expect(here).toContain('info@example.jp');
      expect(here).not.toContain('info@example.net');
      expect(await accepted(format, text, keys, 'default')).toEqual(['info@default.test', 'info']);
    }
  });

  test('of virtusertable goes from the whole address to the domain, and stops at error:', async () => {
    const text =
      'old+*@a x\nnew++@b x\n+*@c x\n@d x\njoe@d error:nouser 550 no\nx@d error:nouser no\nx+y@d z\nbare x\nx@d z\n';
    const keys = [
      'old+x@a',
      'old+@a',
      'old@a',
      'new+x@b',
      'new+@b',
      'any+x@c',
      'any@c',
      'any@d',
      'joe@d',
      'joe+x@d',
      'x+y@d',
      'x@d',
      'bare@example.jp',
    ];
    expect(await accepted('virtusertable', text, keys)).toEqual([
      'old+x@a',
      'old+@a',
      'new+x@b',
      'any+x@c',
      'any@d',
      'x+y@d',
    ]);
  });

  test('of Sendmail has its local names with or without the name of a domain that is here', async () => {
    const keys = [
      'alice@example.jp',
      'bob+any@example.jp',
      'bob@example.jp',
      'carol@example.jp',
      'dan@example.net',
    ];
    const text = 'alice@example.jp: x\nbob+*: x\ncarol: x\ndan: x\n';
    expect(await accepted('aliases', text, keys)).toEqual([
      'alice@example.jp',
      'bob+any@example.jp',
      'carol@example.jp',
    ]);
  });

  test('has aliases that no mailbox could be named', async () => {
    const keys = ['a b@example.jp', '\xe9@example.jp'];
    expect(await accepted('virtual', '"a b"@example.jp x\n\xe9@example.jp x\n', keys)).toEqual(keys);
  });
});
