// Random files of aliases as administrators and their scripts write them, well or not: comments, continuations, blanks in wrong
// places, quotes, capitals, details and wildcards. The same for the same number. No I/O.
import { Random } from './random.js';

/** That the mail servers of the tests serve. */
export const DOMAINS = ['example.jp', 'example.net'] as const;

const LOCALS = ['alice', 'Bob', 'c.d', 'info', 'alice+news', 'info+x', 'a-b_c', 'e#f'] as const;
const WILD = ['alice+*', 'info++', '+*', '++', ''] as const;
const ANY_DOMAIN = ['example.jp', 'Example.NET', 'elsewhere.test'] as const;

function address(random: Random, wild: boolean): string {
  const local = wild && random.chance(0.3) ? random.pick(WILD) : random.pick(LOCALS);
  return `${local}@${random.pick(ANY_DOMAIN)}`;
}

function lines(random: Random, line: () => string): string {
  const end = random.chance(0.2) ? '' : '\n';
  return random.several(1, 14, line).join('\n') + end;
}

/** For makemap(8). */
export function virtuserFile(number: number): string {
  const random = new Random(number * 3);
  const value = (): string =>
    random.pick(['root', 'root', 'root', 'error:nouser 550 none', 'error:5.7.0:550 none']);
  return lines(random, () => {
    const blank = random.pick(['\t', ' ', '  \t ']);
    const key = random.chance(0.1) ? random.pick(LOCALS) : address(random, true);
    return random.pick<() => string>([
      () => `${key}${blank}${value()}`,
      () => `${key}${blank}${value()}`,
      () => `${key}${blank}${value()}`,
      () => `${key}${blank}${value()}\r`,
      () => ` ${key}${blank}${value()}`,
      () => key,
      () => `${key}${blank}`,
      () => `#${key}${blank}${value()}`,
      () => '',
      () => '\t',
    ])();
  });
}

/** For newaliases(1). */
export function aliasFile(number: number): string {
  const random = new Random(number * 3 + 1);
  const name = (): string =>
    random.pick(['alice', 'Bob', 'c.d', 'info', 'alice+news', 'alice+*', 'a-b_c', '"quoted"']);
  const bare = (): string => random.pick(['alice', 'Bob', 'c.d', 'info+x']);
  return lines(random, () => {
    const colon = random.pick([':', ': ', ' : ', ':\t']);
    return random.pick<() => string>([
      () => `${name()}${colon}root`,
      () => `${name()}${colon}root`,
      () => `${name()}${colon}root`,
      () => `${bare()}@example.jp${colon}root`,
      () => `${bare()}@elsewhere.test${colon}root`,
      () => `${name()}${colon}root,\n  root`,
      () => `${name()}${colon}root,\n\troot,\\`,
      () => `${name()}${colon}root,\\`,
      () => `${name()}:`,
      () => `${name()}:\n  root`,
      () => `# ${name()}${colon}root`,
      () => `# more \\`,
      () => '',
    ])();
  });
}

/** For postmap(1). */
export function postmapFile(number: number): string {
  const random = new Random(number * 3 + 2);
  const quoted = (): string =>
    random.pick(['"a b"@example.jp', '"g;h"@example.jp', '"alice"@example.net', '"open@example.jp']);
  return lines(random, () => {
    const blank = random.pick(['\t', ' ', '  \t ']);
    const key = random.pick<() => string>([
      () => address(random, false),
      () => address(random, false),
      () => `@${random.pick(ANY_DOMAIN)}`,
      quoted,
      () => random.pick(LOCALS),
    ])();
    return random.pick<() => string>([
      () => `${key}${blank}root`,
      () => `${key}${blank}root`,
      () => `${key}${blank}root`,
      () => `${key}${blank}root\r`,
      () => `${key}${blank}root,\n  bob\n# in between\n\n\tcarol`,
      () => `${key}\n  root`,
      () => key,
      () => `${key}${blank}\n`,
      () => `#${key}${blank}root`,
      () => `  # ${key}${blank}root`,
      () => '',
    ])();
  });
}

/** Some that such files have, and some beside. */
export function addressesFor(number: number): string[] {
  const random = new Random(number * 7 + 5);
  const locals = ['alice', 'bob', 'c.d', 'info', 'quoted', 'a-b_c', 'nobody-here'] as const;
  const details = ['', '', '+news', '+x', '+'] as const;
  const all = random.several(
    20,
    30,
    () => `${random.pick(locals)}${random.pick(details)}@${random.pick(DOMAINS)}`,
  );
  return [...new Set(all)];
}
