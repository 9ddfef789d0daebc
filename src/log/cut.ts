// Cuts what a stranger wrote before it goes into the log: a key may have 10 000 bytes, and a hundred of those a second would
// fill 80 GB a day. No I/O.

export const CUT_MAX_BYTES = 256;

/** The most bytes of UTF-8 that one UTF-16 unit of a text can take. */
const UNIT_MAX_BYTES = 3;

/** @returns the text, or its beginning and how long it is: `aaaa... (10000 bytes)` */
export function cut(text: string): string {
  if (text.length * UNIT_MAX_BYTES <= CUT_MAX_BYTES) return text;
  const bytes = Buffer.byteLength(text);
  if (bytes <= CUT_MAX_BYTES) return text;
  const begin = Buffer.from(text.slice(0, CUT_MAX_BYTES)).subarray(0, CUT_MAX_BYTES).toString();
  // The last character may have been cut in two.
  return `${begin.replace(/\ufffd$/, '')}... (${bytes} bytes)`;
}

/**
 * Characters that a terminal or a viewer would obey, or would take for the end of a line, and that JSON does not escape: DEL
 * and C1, marks and overrides of direction, characters without width, separators of lines and paragraphs.
 */
const OBEYED = /[\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g;

/** Escapes them. In JSON they stand within strings only, so the line still means the same. */
export function escapeObeyed(line: string): string {
  return line.replace(OBEYED, escaped);
}

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
