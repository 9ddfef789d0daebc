// How commands read their arguments and print: bytes that strangers wrote are shown as they are, except those that a terminal
// would obey. Writes to standard output.

/** Prints lines. It is no error if the reader has read enough and gone, as in `| head`. */
export function print(text: string): void {
  if (process.stdout.listenerCount('error') === 0) process.stdout.on('error', () => undefined);
  process.stdout.write(`${text}\n`);
}

/** An argument of the command line as its bytes, one in each character: in this form keys are kept. */
export function keyOfArgument(argument: string): string {
  return Buffer.from(argument, 'utf8').toString('latin1');
}

/** One printable line. @param bytes latin1; shown as UTF-8 where they are UTF-8 */
export function printable(bytes: string): string {
  const text = Buffer.from(bytes, 'latin1').toString('utf8');
  const shown = text.includes('\ufffd') ? bytes : text;
  return shown.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, escapeCharacter);
}

function escapeCharacter(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  return code < 0x100 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u{${code.toString(16)}}`;
}
