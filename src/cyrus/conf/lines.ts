// Cuts a file of imapd.conf(5) into lines as Cyrus does it: a backslash at the end of a line joins the next one to it, in
// a comment as well. After config_read_file() of Cyrus' lib/libconfig.c, whose buffer of 4096 bytes grows. No I/O.

/** By how much Cyrus' buffer grows; a last line that fills it exactly, and has no newline, is lost there. */
const BUFFER_BYTES = 4096;

export type ConfLine = {
  /** Each character is one byte. */
  readonly text: string;
  /** Of the last of the lines that were joined, from 1, as Cyrus counts it. */
  readonly line: number;
};

/** @param text of one file, each character one byte (latin1) */
export function cutLines(text: string): ConfLine[] {
  const lines: ConfLine[] = [];
  const held = new Held();
  let size = BUFFER_BYTES;
  let line = 0;
  let lineEnd = 0;
  for (let at = 0; at < text.length;) {
    if (at === lineEnd) lineEnd = text.indexOf('\n', at) + 1 || text.length;
    const room = size - held.length - 1;
    const end = Math.min(at + room, lineEnd);
    const ended = end === text.length && end - at < room;
    const read = text.slice(at, end);
    // What is behind a NUL Cyrus cannot see, and the line ends there.
    const nul = read.indexOf('\0');
    const seen = nul === -1 ? read : read.slice(0, nul);
    at = end;
    if (seen.endsWith('\n')) {
      held.add(seen.slice(0, -1));
      if (held.last === '\\') {
        held.drop();
        line++;
        continue;
      }
    } else if (seen !== '') {
      held.add(seen);
      if (!ended && held.length === size - 1) {
        size += BUFFER_BYTES;
        continue;
      }
    }
    line++;
    lines.push({ text: held.take(), line });
  }
  return lines;
}

/** What has been read of a line, in pieces, so that many pieces are not copied many times. */
class Held {
  #pieces: string[] = [];
  length = 0;

  get last(): string | undefined {
    return this.#pieces.at(-1)?.at(-1);
  }

  add(piece: string): void {
    if (piece !== '') this.#pieces.push(piece);
    this.length += piece.length;
  }

  /** Takes the last character away. */
  drop(): void {
    const piece = this.#pieces.pop() ?? '';
    this.length--;
    if (piece.length > 1) this.#pieces.push(piece.slice(0, -1));
  }

  take(): string {
    const text = this.#pieces.join('');
    this.#pieces = [];
    this.length = 0;
    return text;
  }
}
