// What a command reads from its arguments and prints: bytes of strangers as they are, but nothing that a
// terminal would obey. Writes to standard output.

/** Prints lines. A reader who has read enough (`| head`) is no error. */
export function print(text: string): void {
  if (process.stdout.listenerCount('error') === 0) process.stdout.on('error', () => undefined);
  process.stdout.write(`${text}\n`);
}

/** A command line's argument as the bytes that it is, a character a byte, as keys are. */
export function keyOfArgument(argument: string): string {
  return Buffer.from(argument, 'utf8').toString('latin1');
}

/** One printable line; @param bytes latin1, shown as UTF-8 where it is that. */
export function printable(bytes: string): string {
  const text = Buffer.from(bytes, 'latin1').toString('utf8');
  const shown = text.includes('\ufffd') ? bytes : text;
  return shown.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, escapeCharacter);
}

function escapeCharacter(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  return code < 0x100 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u{${code.toString(16)}}`;
}
