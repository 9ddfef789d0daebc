// What a page in Markdown is made of, as far as tests compare it or try it: headings, links, tables, code. No I/O.
import { posix } from 'node:path';

export type Code = {
  /** Of its first line in the page, from 1. */
  readonly line: number;
  /** `toml`, `sh` or another; empty for an indented block and where none is named. */
  readonly language: string;
  readonly text: string;
};

export type Page = {
  readonly headings: readonly { readonly level: number; readonly text: string }[];
  readonly links: readonly { readonly line: number; readonly target: string }[];
  readonly tables: readonly { readonly rows: number; readonly columns: number }[];
  readonly code: readonly Code[];
  /** What stands between backticks in the text. */
  readonly spans: readonly { readonly line: number; readonly text: string }[];
};

const FENCE = /^ *```(\w*)\s*$/;
const LINK = /\]\(([^()\s]+)\)/g;
/** Of as many backticks as it begins with. */
const SPAN = /(`+)(.+?)\1(?!`)/g;

export function parsePage(markdown: string): Page {
  const headings: { level: number; text: string }[] = [];
  const links: { line: number; target: string }[] = [];
  const tables: { rows: number; columns: number }[] = [];
  const code: Code[] = [];
  const spans: { line: number; text: string }[] = [];
  const lines = markdown.split('\n');
  let inTable = false;
  for (let index = 0; index < lines.length; index += 1) {
    const line = lines[index] ?? '';
    const end = endOfCode(lines, index);
    if (end !== undefined) {
      code.push(codeOf(lines.slice(index, end), index + 1));
      index = end - 1;
      continue;
    }
    const heading = /^(#{1,6}) (.*)$/.exec(line);
    if (heading !== null) headings.push({ level: heading[1]?.length ?? 0, text: heading[2] ?? '' });
    const text = line.replaceAll(SPAN, (_, __, span: string) => {
      spans.push({ line: index + 1, text: span.trim() });
      return 'code';
    });
    // A link's words may be code, its target never is.
    for (const [, target = ''] of text.matchAll(LINK)) links.push({ line: index + 1, target });
    if (!line.startsWith('|')) {
      inTable = false;
      continue;
    }
    if (!inTable) tables.push({ rows: 0, columns: text.replaceAll('\\|', '').split('|').length - 2 });
    inTable = true;
    const last = tables.at(-1);
    if (last !== undefined) last.rows += 1;
  }
  return { headings, links, tables, code, spans };
}

/** The index behind a block of code that begins here; undefined where none does. */
function endOfCode(lines: readonly string[], begin: number): number | undefined {
  if (FENCE.test(lines[begin] ?? '')) {
    const close = lines.findIndex((line, index) => index > begin && FENCE.test(line));
    return close === -1 ? lines.length : close + 1;
  }
  if (!isIndented(lines, begin)) return undefined;
  let end = begin + 1;
  while (end < lines.length && (/^ {4}/.test(lines[end] ?? '') || isBlankInside(lines, end))) end += 1;
  return end;
}

/** Four blanks after an empty line; in an item of a list, four more than its text has. */
function isIndented(lines: readonly string[], index: number): boolean {
  const line = lines[index] ?? '';
  if (!/^ {4}\S|^ {7}/.test(line) || (lines[index - 1] ?? '').trim() !== '') return false;
  const item = lines.slice(0, index).findLast((each) => /^\S/.test(each)) ?? '';
  return /^\d+\. /.test(item) ? line.startsWith('       ') : true;
}

function isBlankInside(lines: readonly string[], index: number): boolean {
  return lines[index] === '' && /^ {4}/.test(lines[index + 1] ?? '') && isIndented(lines, index + 1);
}

function codeOf(lines: readonly string[], line: number): Code {
  const fence = FENCE.exec(lines[0] ?? '');
  if (fence !== null) return { line, language: fence[1] ?? '', text: lines.slice(1, -1).join('\n') };
  const indent = /^ */.exec(lines[0] ?? '')?.[0].length ?? 0;
  return { line, language: '', text: lines.map((each) => each.slice(indent)).join('\n') };
}

/** The anchors of the headings, as the usual viewers of Markdown make them. */
export function anchorsOf({ headings }: Page): string[] {
  const seen = new Map<string, number>();
  return headings.map(({ text }) => {
    const slug = text
      .replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1')
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\p{M} _-]/gu, '')
      .replaceAll(' ', '-');
    const before = seen.get(slug) ?? 0;
    seen.set(slug, before + 1);
    return before === 0 ? slug : `${slug}-${before}`;
  });
}

/** Whether a link leads out of the repository. */
export function isOutside(target: string): boolean {
  return /^(https?|mailto):/.test(target);
}

/** The file that a link of a page means, both relative to the root of the repository. */
export function fileOf(page: string, target: string): string {
  const [path = ''] = target.split('#');
  return path === '' ? page : posix.normalize(posix.join(posix.dirname(page), path));
}
