// Each `cyrusmapd …` line of each page is one that the command would take: it names a subcommand, and flags that this has.
// src/main.ts is loaded with a Command that parses nothing, and asked for its subcommands.
import { Command } from 'commander';
import { beforeAll, describe, expect, test, vi } from 'vitest';
import { parsePage, type Page } from '../../docs/pages.js';
import { readText, trackedFiles } from '../source.js';

const { made } = vi.hoisted(() => ({ made: { programs: [] as unknown[] } }));

vi.mock('commander', async (original) => {
  const real = await original<typeof import('commander')>();
  class Recorded extends real.Command {
    override parseAsync(): Promise<this> {
      made.programs.push(this);
      return Promise.resolve(this);
    }
  }
  return { ...real, Command: Recorded };
});

const PAGES = trackedFiles().filter((path) => path.endsWith('.md'));
/** What runs a command in another place, or as somebody else. */
const BEFORE = /^(?:\$ +|sudo +|npx +(?:--yes +)?(?:--package \S+ +)?)*/;

let program: Command;
beforeAll(async () => {
  await import('../../../src/main.js');
  const [first] = made.programs;
  if (!(first instanceof Command)) throw new Error('src/main.ts has made no program');
  program = first;
});

const documented = PAGES.flatMap((path) =>
  commandsIn(parsePage(readText(path))).map(({ line, words }) => ({ at: `${path}:${line}`, words })),
);

describe('the command lines of the pages', () => {
  test('are found', () => {
    expect(documented.length).toBeGreaterThan(30);
  });

  test.each(documented)('$at: cyrusmapd $words', ({ words }) => {
    expect(() => tryOut(words)).not.toThrow();
  });
});

describe('a line that the command would not take', () => {
  test.each([
    ['nosuch'],
    ['check', '--nosuch', 'alice@example.jp'],
    ['lookup', 'alice', 'bob'],
    ['serve', 'alice@example.jp'],
  ])('%s %s is found out', (...words) => {
    expect(() => tryOut(words)).toThrow();
  });
});

/** @throws CommanderError where the words are no command line */
function tryOut(words: readonly string[]): void {
  const [name, ...rest] = words;
  if (name === undefined || name === '--version' || name === '--help') return;
  const subcommand = program.commands.find((each) => each.name() === name);
  if (subcommand === undefined) throw new Error(`there is no subcommand ${name}`);
  const required = subcommand.registeredArguments.filter((argument) => argument.required).length;
  // A subcommand that is only talked of has nothing behind its name.
  const args = rest.length === 0 ? Array.from({ length: required }, () => 'alice@example.jp') : rest;
  const trial = new Command(name)
    .exitOverride()
    .configureOutput({ writeErr: () => undefined })
    .action(() => undefined);
  for (const option of subcommand.options) trial.addOption(option);
  for (const argument of subcommand.registeredArguments) trial.addArgument(argument);
  trial.parse(args, { from: 'user' });
}

type Found = { readonly line: number; readonly words: readonly string[] };

function commandsIn({ code, spans }: Page): Found[] {
  const ofCode = code
    .filter(({ language }) => language === '' || language === 'sh')
    .flatMap(({ line, text }) =>
      text
        .replaceAll('\\\n', ' ')
        .split('\n')
        .map((each) => ({ line, text: each.replace(/(^| )#.*$/, '') })),
    );
  return [...ofCode, ...spans]
    .flatMap(({ line, text }) => text.split(/&&|\|\||[;|]/).map((each) => ({ line, text: each.trim() })))
    .map(({ line, text }) => ({ line, text: text.replace(BEFORE, '') }))
    .filter(({ text }) => /^cyrusmapd( |$)/.test(text))
    .map(({ line, text }) => ({ line, words: wordsOf(text).slice(1) }));
}

/** As a shell takes a simple line apart; redirections are not words. */
function wordsOf(text: string): string[] {
  const words = text.replaceAll(/[<>]+ *\S+/g, '').matchAll(/'([^']*)'|"([^"]*)"|(\S+)/g);
  return [...words].map(([, single, double, plain]) => single ?? double ?? plain ?? '');
}
