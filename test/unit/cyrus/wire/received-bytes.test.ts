import { expect, test } from 'vitest';
import { ReceivedBytes } from '../../../../src/cyrus/wire/received-bytes.js';

function received(...chunks: readonly string[]): ReceivedBytes {
  const bytes = new ReceivedBytes();
  for (const chunk of chunks) bytes.append(Buffer.from(chunk, 'latin1'));
  return bytes;
}

test('gives back what came, in order', () => {
  const bytes = received('ab', 'c\n', '', 'd\xff\n');
  expect(bytes.length).toBe(7);
  expect(bytes.lineLength()).toBe(4);
  expect(bytes.takeText(4)).toBe('abc\n');
  expect(bytes.lineLength()).toBe(3);
  expect(bytes.takeText(3)).toBe('d\xff\n');
  expect(bytes.length).toBe(0);
  expect(bytes.lineLength()).toBeUndefined();
});

test('finds a line end behind what was taken over it', () => {
  const bytes = received('a\nb\nc');
  expect(bytes.lineLength()).toBe(2);
  expect(bytes.takeText(3)).toBe('a\nb');
  expect(bytes.lineLength()).toBe(1);
  expect(bytes.takeText(1)).toBe('\n');
  expect(bytes.lineLength()).toBeUndefined();
  bytes.append(Buffer.from('\n'));
  expect(bytes.lineLength()).toBe(2);
});

test('never writes to the chunks it was given', () => {
  const chunk = Buffer.from('one two ');
  const bytes = new ReceivedBytes();
  bytes.append(chunk.subarray(0, 3));
  bytes.append(Buffer.from('XXX'));
  expect(chunk.toString()).toBe('one two ');
  expect(bytes.takeText(6)).toBe('oneXXX');
});

test('holds a long row of single bytes', () => {
  const bytes = new ReceivedBytes();
  const text = Array.from({ length: 5_000 }, (_, i) => String.fromCharCode(0x20 + (i % 90))).join('');
  let taken = '';
  for (const [i, byte] of Array.from(text).entries()) {
    bytes.append(Buffer.from(byte, 'latin1'));
    if (i % 3 === 0) taken += bytes.takeText(2 - (i % 2) > bytes.length ? bytes.length : 2 - (i % 2));
  }
  expect(taken + bytes.takeText(bytes.length)).toBe(text);
});
