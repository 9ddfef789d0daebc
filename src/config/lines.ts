// In which line of a TOML file a key stands, since a parser tells only values. Reads a file that a parser has taken, so it
// need not find faults: it only has to see where keys, strings, arrays and tables begin and end (toml.io, v1.0). No I/O.
import type { Path } from './key.js';

/** @returns by the path of each key and element, as JSON, the line that it stands in, from 1 */
export function linesOf(text: string): ReadonlyMap<string, number> {
  const walk = new Walk(text);
  walk.file();
  return walk.lines;
}

/** The line of a path, or of the nearest table around it that stands in the file. */
export function lineOf(path: Path, lines: ReadonlyMap<string, number>): number | undefined {
  for (let length = path.length; length > 0; length -= 1) {
    const line = lines.get(JSON.stringify(path.slice(0, length)));
    if (line !== undefined) return line;
  }
  return undefined;
}

/** Deeper than any key of ours. What lies deeper still gets the line of the value around it, so that it costs no more. */
const DEPTH_MAX = 8;

class Walk {
  readonly lines = new Map<string, number>();
  /** How many tables each array of tables has so far. */
  readonly #counts = new Map<string, number>();
  readonly #text: string;
  #at = 0;
  #line = 1;

  constructor(text: string) {
    this.#text = text;
  }

  file(): void {
    let table: Path = [];
    for (this.#skip(true); this.#at < this.#text.length; this.#skip(true)) {
      if (this.#take('[')) {
        const many = this.#take('[');
        table = this.#key();
        if (many) table = [...table, this.#count(table)];
        this.#note(table);
        this.#take(']');
        if (many) this.#take(']');
      } else this.#pair(table);
    }
  }

  /** @returns how many there were before this one */
  #count(array: Path): number {
    const place = JSON.stringify(array);
    const count = this.#counts.get(place) ?? 0;
    this.#counts.set(place, count + 1);
    return count;
  }

  /** Notes the line of a key, and for tables around it that have none of their own, as in `lookup.deadline = "5s"`. */
  #note(path: Path): void {
    for (let length = 1; length <= Math.min(path.length, DEPTH_MAX); length += 1) {
      const place = JSON.stringify(path.slice(0, length));
      if (!this.lines.has(place)) this.lines.set(place, this.#line);
    }
  }

  #pair(table: Path): void {
    const from = this.#at;
    const path = [...table, ...this.#key()].slice(0, DEPTH_MAX);
    this.#note(path);
    this.#take('=');
    this.#value(path);
    if (this.#at === from) this.#step();
  }

  #value(path: Path): void {
    this.#skip(false);
    if (this.#take('[')) this.#array(path);
    else if (this.#take('{')) this.#inlineTable(path);
    else if (this.#next('"') || this.#next("'")) this.#string();
    else while (this.#at < this.#text.length && !/[,\]}#\n]/.test(this.#here())) this.#step();
  }

  #array(path: Path): void {
    for (let index = 0; ; index += 1) {
      this.#skip(true);
      if (this.#take(']') || this.#at >= this.#text.length) return;
      const from = this.#at;
      const element = [...path, index].slice(0, DEPTH_MAX);
      this.#note(element);
      this.#value(element);
      this.#skip(true);
      this.#take(',');
      if (this.#at === from) this.#step();
    }
  }

  #inlineTable(path: Path): void {
    for (;;) {
      this.#skip(true);
      if (this.#take('}') || this.#at >= this.#text.length) return;
      this.#pair(path);
      this.#skip(true);
      this.#take(',');
    }
  }

  /** Bare, quoted and dotted: `domains."example.jp"`. */
  #key(): string[] {
    const parts: string[] = [];
    do {
      this.#skip(false);
      if (this.#next('"') || this.#next("'")) parts.push(this.#string());
      else {
        const from = this.#at;
        while (/[A-Za-z0-9_-]/.test(this.#here())) this.#step();
        parts.push(this.#text.slice(from, this.#at));
      }
      this.#skip(false);
    } while (this.#take('.'));
    return parts.slice(0, DEPTH_MAX);
  }

  /** @returns its text; where an escape is beyond JSON, as it is written */
  #string(): string {
    const quote = this.#here();
    const end = this.#next(quote.repeat(3)) ? quote.repeat(3) : quote;
    this.#forward(end.length);
    const from = this.#at;
    while (this.#at < this.#text.length && !this.#next(end)) {
      this.#forward(quote === '"' && this.#next('\\') ? 2 : 1);
    }
    // Up to two quotes may stand right before the three that close.
    while (end.length === 3 && this.#text[this.#at + 3] === quote) this.#step();
    const raw = this.#text.slice(from, this.#at);
    this.#forward(end.length);
    return quote === '"' ? unescaped(raw) : raw;
  }

  #skip(newlines: boolean): void {
    for (;;) {
      if (this.#next('#')) while (this.#at < this.#text.length && !this.#next('\n')) this.#step();
      else if (/[ \t\r\ufeff]/.test(this.#here()) || (newlines && this.#next('\n'))) this.#step();
      else return;
    }
  }

  #take(token: string): boolean {
    this.#skip(false);
    if (!this.#next(token)) return false;
    this.#forward(token.length);
    return true;
  }

  #here(): string {
    return this.#text[this.#at] ?? '';
  }

  #next(token: string): boolean {
    return this.#text.startsWith(token, this.#at);
  }

  #forward(count: number): void {
    for (let done = 0; done < count; done += 1) this.#step();
  }

  #step(): void {
    if (this.#text[this.#at] === '\n') this.#line += 1;
    this.#at += 1;
  }
}

function unescaped(raw: string): string {
  try {
    return String(JSON.parse(`"${raw}"`));
  } catch {
    return raw;
  }
}
