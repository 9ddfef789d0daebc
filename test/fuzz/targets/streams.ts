// What the parsers of streams have in common: the same comes out however the bytes are cut, and of any bytes at all nothing
// but whole things and at most one ProtocolError, which comes again at each further call.
import { expect } from 'vitest';
import { ProtocolError } from '../../../src/errors.js';

export interface StreamParser<Item> {
  feed(chunk: Buffer): void;
  next(): Item | undefined;
}

export type Parsed<Item> = { readonly items: readonly Item[]; readonly error: string | undefined };

/** Whole, and once more cut in three at places that the input itself gives. */
export function parsedAlike<Item>(open: () => StreamParser<Item>, input: Buffer): Parsed<Item> {
  const whole = parsed(open(), [input]);
  const [a = 0, b = 0] = [input[0] ?? 0, input.at(-1) ?? 0]
    .map((byte) => byte % (input.length + 1))
    .sort((x, y) => x - y);
  const cut = parsed(open(), [input.subarray(0, a), input.subarray(a, b), input.subarray(b)]);
  if (JSON.stringify(cut) !== JSON.stringify(whole)) expect(cut).toEqual(whole);
  return whole;
}

function parsed<Item>(parser: StreamParser<Item>, chunks: readonly Buffer[]): Parsed<Item> {
  const items: Item[] = [];
  try {
    for (const chunk of chunks) {
      if (chunk.length > 0) parser.feed(chunk);
      for (let item = parser.next(); item !== undefined; item = parser.next()) items.push(item);
    }
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    expect(() => parser.next()).toThrow(error.message);
    return { items, error: error.message };
  }
  return { items, error: undefined };
}
