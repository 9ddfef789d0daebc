import { lstatSync, existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { describe, expect, test } from 'vitest';
import { DemoFolder, demoText } from '../../../src/commands/demo.js';
import { keyOfArgument, printable } from '../../../src/commands/terminal.js';

describe('a key on the command line', () => {
  test('becomes its bytes, a character a byte, and is shown as it was written', () => {
    expect(keyOfArgument('émile')).toBe('\xc3\xa9mile');
    expect(printable(keyOfArgument('émile'))).toBe('émile');
  });

  test.each([
    ['\x1b[2J', '\\x1b[2J'],
    ['a\r\nb', 'a\\x0d\\x0ab'],
    ['\x7f', '\\x7f'],
    ['\xe9', 'é'],
    ['\x9b31m', '\\x9b31m'],
    [Buffer.from('\u202e').toString('latin1'), '\\u{202e}'],
  ])('is shown without anything that a terminal would obey: %j', (bytes, shown) => {
    expect(printable(bytes)).toBe(shown);
  });
});

describe('the folder of the built-in default', () => {
  test('is private, new each time, and gone afterwards', () => {
    const [first, second] = [new DemoFolder(), new DemoFolder()];
    const [one, other] = [first, second].map(
      ({ endpoint }) => endpoint.kind === 'unix' && dirname(endpoint.path),
    );
    if (typeof one !== 'string' || typeof other !== 'string') throw new Error('no UNIX socket');
    expect(one).not.toBe(other);
    const status = lstatSync(one);
    expect(status.isDirectory()).toBe(true);
    expect(status.mode & 0o777).toBe(0o700);
    expect(status.uid).toBe(process.getuid?.());
    first.remove();
    second.remove();
    expect(existsSync(one)).toBe(false);
  });
});

describe('the words of the built-in default', () => {
  test('name every endpoint, and the server only where it is not the usual one', () => {
    const usual = { kind: 'inet', host: '127.0.0.1', port: 7860 } as const;
    const text = demoText([usual, { kind: 'unix', path: '/tmp/x/socketmap' }], 4711);
    expect(text).toContain('  inet:7860@127.0.0.1\n  unix:/tmp/x/socketmap\n');
    expect(text).toContain('  npx cyrusmapd lookup alice@example.jp --demo\n');
    expect(text).toContain('kill -HUP 4711');
    expect(demoText([{ ...usual, port: 1 }], 4711)).toContain('--server inet:1@127.0.0.1');
  });
});
