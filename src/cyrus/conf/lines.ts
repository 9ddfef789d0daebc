// Cuts an imapd.conf(5) into lines as Cyrus does it: a backslash at the end of a line joins the next line to it, even in a comment.
// As config_read_file() of Cyrus' lib/libconfig.c, whose buffer begins with 4096 bytes and grows. No I/O.

/** By how much Cyrus' buffer grows. It loses a last line that fills the buffer exactly and has no newline. */
const BUFFER_BYTES = 4096;

export type ConfLine = {
  /** Each character is one byte. */
  readonly text: string;
  /** The line's number from 1, as Cyrus counts it: where lines were joined, that of the last one. */
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
    // To Cyrus the line ends at a NUL: it cannot see what follows.
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

/** The part of a line that has been read. It is kept in pieces, so that they are not copied again and again. */
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

  /** Removes the last character. */
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
