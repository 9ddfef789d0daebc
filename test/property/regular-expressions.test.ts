// Every regular expression of src/ takes time in proportion to what it is given, whoever wrote that: a stranger's key, or
// a file of 150 kB with nothing but blanks. They are found in the syntax tree, so a new one is tried without being listed
// here. For each, strings that match it are made, and in each place of those a piece is repeated many times.
import fc from 'fast-check';
import ts from 'typescript';
import { describe, expect, test } from 'vitest';
import { saslprep } from '../../src/cyrus/sasl/saslprep.js';
import { nodesOf, placeOf, readSources, type Source } from '../unit/source.js';

/** What is quadratic takes some hundred milliseconds for as many; what is linear, less than one. */
const LENGTH = 40_000;
const LIMIT_MS = 100;
/** Shorter ones first: what doubles with each character, or is cubic, would never end with the long ones. */
const LENGTHS = [25, 300, 1500, LENGTH];
const SAMPLES = 2;
/** The first places of a sample where something is repeated. */
const PLACES_MAX = 4;

type Found = { readonly at: string; readonly pattern: RegExp };

const SRC = readSources('src');
const FOUND = SRC.flatMap(literalsOf);

describe('the regular expressions of src/', () => {
  test('are found', () => {
    expect(FOUND.length).toBeGreaterThan(100);
  });

  test('are written as literals, but for those of saslprep, which are tried below', () => {
    const made = SRC.flatMap((source) =>
      nodesOf(source)
        .filter(isMade)
        .map((node) => placeOf(source, node).replace(/:\d+$/, '')),
    );
    expect(new Set(made)).toEqual(new Set(['src/cyrus/sasl/saslprep.ts']));
  });

  test.each(FOUND)('$at $pattern takes no longer than in proportion', { timeout: 60_000 }, ({ pattern }) => {
    expect(slowestOf(pattern)).toBeUndefined();
  });

  test.each(['a', 'א', '\u00ad', '\u0300', ' ', 'aא', 'אa'])('saslprep takes no longer for %j', (piece) => {
    for (const text of [piece.repeat(LENGTH), `א${piece.repeat(LENGTH)}`]) {
      const start = cpuMs();
      try {
        saslprep(text, 'the text');
      } catch {
        // Whether it is allowed is not the question.
      }
      expect(cpuMs() - start).toBeLessThan(LIMIT_MS);
    }
  });

  test.each([
    /^(@?[a-z]+)\s*:\s*(.*?)\s*$/,
    /\s+$/,
    /^([^\s#]\S*)\s+(.*\S)\s*$/,
    /^(a+)+$/,
    /"(.*)",/g,
    /<[^>]*>x/,
    /(\d+)([smh]?)x/g,
  ])('would be caught: %s', { timeout: 60_000 }, (pattern) => {
    expect(slowestOf(pattern)).toBeDefined();
  });
});

function literalsOf(source: Source): Found[] {
  return nodesOf(source).flatMap((node) => {
    if (!ts.isRegularExpressionLiteral(node)) return [];
    const end = node.text.lastIndexOf('/');
    const pattern = new RegExp(node.text.slice(1, end), node.text.slice(end + 1));
    return [{ at: placeOf(source, node), pattern }];
  });
}

function isMade(node: ts.Node): boolean {
  const called = ts.isNewExpression(node) || ts.isCallExpression(node);
  return called && node.expression.getText() === 'RegExp';
}

type Attack = readonly [before: string, piece: string, after: string];

/** @returns the first text that takes too long */
function slowestOf(pattern: RegExp): string | undefined {
  const flags = [...new Set([...pattern.flags, 'g'])].join('');
  const everywhere = new RegExp(pattern.source, flags);
  const attacks = attacksOn(pattern);
  for (const length of LENGTHS) {
    for (const [before, piece, after] of attacks) {
      const text = before + piece.repeat(length) + after;
      const start = cpuMs();
      pattern.lastIndex = 0;
      pattern.exec(text);
      text.replace(everywhere, '');
      if (cpuMs() - start > LIMIT_MS) return JSON.stringify({ before, piece, after });
    }
  }
  return undefined;
}

/** Of a text that matches, the beginning, one character many times, and the rest, or what matches nothing. */
function attacksOn(pattern: RegExp): Attack[] {
  const samples = samplesOf(pattern);
  const letters = new Set([...samples.join('').slice(0, 8), ...' 0a']);
  const attacks = new Map<string, Attack>();
  for (const sample of samples) {
    for (let at = 0; at <= Math.min(sample.length, PLACES_MAX); at++) {
      for (const letter of letters) {
        for (const after of [sample.slice(at), '', '\0']) {
          const attack = [sample.slice(0, at), letter, after] as const;
          attacks.set(attack.join('\u0001'), attack);
        }
      }
    }
  }
  return [...attacks.values()];
}

/** Texts that match; what they look like around it does not matter, for the beginning of a text is one of the places. */
function samplesOf(pattern: RegExp): string[] {
  // fast-check looks for a character beyond ASCII without end.
  if (/\[\^(?:\\0|\\x20| )-/.test(pattern.source)) return ['', 'é', 'éé', 'aé'];
  const source = simplified(pattern);
  const made = fc.sample(fc.stringMatching(source, { size: 'xsmall' }), { seed: 1, numRuns: SAMPLES });
  return ['', ...made];
}

/** Without what no text can be made of: what stands before and behind a match, which consumes nothing. */
function simplified({ source, flags }: RegExp): RegExp {
  const plain = source.replace(/\(\?<?[=!](?:[^()\\]|\\.)*\)/g, '').replaceAll('\\b', '');
  return new RegExp(plain, flags.includes('u') ? 'u' : '');
}

/** Of this process alone: other work on the machine does not count. */
function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}
