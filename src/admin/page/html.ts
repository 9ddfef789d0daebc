// The page as HTML. It is complete without JavaScript, but then shows only the moment at which it was loaded. It also makes the
// parts that the live page replaces. All that comes from outside is escaped here. No I/O.
import type { DecisionLine, Figures, Version } from '../operations.js';
import { SCRIPT } from './script.js';
import { STYLE } from './style.js';
import type { Words } from './words.js';

const STATUSES = ['OK', 'NOTFOUND', 'TEMP'] as const;

export type View = {
  readonly version: Version;
  readonly figures: Figures;
  /** Undefined where addresses are not shown. */
  readonly refused: readonly DecisionLine[] | undefined;
};

export type State = 'well' | 'trouble' | 'attack';

export function stateOf({ backchannels, harvest }: Figures): State {
  if (backchannels.some(({ state }) => state === 'down')) return 'trouble';
  return harvest.active.length > 0 ? 'attack' : 'well';
}

/** The parts of the page, by the id of the element in which each stands. */
export function partsOf({ figures, refused }: View, words: Words): { readonly [id: string]: string } {
  return {
    cyrus: cyrus(figures, words),
    remembered: remembered(figures, words),
    sources: sources(figures, words),
    about: escaped(
      `${words.since} ${uptime(figures.uptimeSeconds)} · ${figures.connections} ${words.connections} · ${words.memory} ${Math.round(figures.memoryBytes / 1e6)} MB`,
    ),
    ...(refused === undefined ? {} : { refused: refusals(refused) }),
  };
}

/** @param nonce the nonce of the response, which allows only this style and this script */
export function pageOf(view: View, words: Words, nonce: string): string {
  const { figures, version, refused } = view;
  const state = stateOf(figures);
  const parts = partsOf(view, words);
  return `<!doctype html>
<html lang="${words.lang}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<title>${words[state]} · ${words.title}</title><style nonce="${nonce}">${STYLE}</style></head><body>
<header><h1>${words.title}</h1><span role="status" id="state" class="state ${state}" data-state="${state}">${words[state]}</span>
<span class="soft">${escaped(version.version)} · <span id="about">${parts['about'] ?? ''}</span></span></header>
<main>
<noscript><section><p class="soft">${words.static}</p></section></noscript>
<section class="wide"><h2>${words.replies}</h2>${tiles(figures, words)}
<svg id="rates" role="img" aria-label="${words.replies}" viewBox="0 0 650 195"></svg></section>
<div class="narrow"><section><h2>${words.cyrus}</h2><ul id="cyrus">${parts['cyrus'] ?? ''}</ul></section>
<section><h2>${words.remembered}</h2><div id="remembered">${parts['remembered'] ?? ''}</div></section></div>
<section class="half"><h2>${words.misses}</h2><svg id="misses" role="img" aria-label="${words.misses}" viewBox="0 0 640 122"></svg>
<p class="soft" id="misses-text">${figures.misses.count === 0 ? words.none : `${figures.misses.count} ${words.missesText}`}</p></section>
<section class="half"><h2>${words.sources}</h2><div class="scroll" tabindex="0" role="region" aria-label="${words.sources}"><table><thead><tr><th scope="col">${words.source}</th><th scope="col" class="n">${words.count}</th></tr></thead>
<tbody id="sources">${parts['sources'] ?? ''}</tbody></table></div></section>
${refused === undefined ? '' : refusalTable(parts['refused'] ?? '', words)}
</main>
<script type="application/json" id="words">${JSON.stringify(words).replaceAll('<', '\\u003c')}</script>
<script nonce="${nonce}">${SCRIPT}</script></body></html>`;
}

function tiles({ replies }: Figures, words: Words): string {
  const each = STATUSES.map(
    (status) =>
      `<div class="${status}"><dt>${words[status]}</dt><dd><span id="rate-${status}">–</span><small><span id="total-${status}">${replies[status] ?? 0}</span> ${words.total}</small></dd></div>`,
  );
  return `<dl class="tiles">${each.join('')}</dl>`;
}

function cyrus({ backchannels }: Figures, words: Words): string {
  const items = backchannels.map((each) => {
    const { name, state, answeredAgo, trouble, sessions, waiting, witness, witnessState } = each;
    const answered =
      answeredAgo === undefined ? [] : [words.answered.replace('{}', String(Math.round(answeredAgo)))];
    const vouched =
      witnessState === undefined || witnessState === 'untried'
        ? []
        : [`${words.witness} ${witness ?? ''} ${words[witnessState]}`.replace(/ +/g, ' ')];
    const about = [
      state === 'down' && trouble !== undefined ? `${words.down}: ${trouble}` : words[state],
      ...answered,
      ...vouched,
    ];
    return `<li class="${state}"><strong>${escaped(name)}</strong> ${escaped(about.join('; '))}<br><span class="soft">${words.sessions}: ${sessions}, ${words.waiting}: ${waiting}</span></li>`;
  });
  return items.length === 0 ? `<li>${words.none}</li>` : items.join('');
}

function remembered({ caches }: Figures, words: Words): string {
  return caches
    .map(({ store, entries, max }) => {
      const name = store === 'known' ? words.known : words.negative;
      const text = `${name}: ${entries} / ${max}`;
      return `<p><label>${text}<meter min="0" max="${max}" value="${entries}">${text}</meter></label></p>`;
    })
    .join('');
}

function sources({ lookups }: Figures, words: Words): string {
  const names: { readonly [source: string]: string } = {
    rule: words.rule,
    known: words.byKnown,
    negative: words.byNegative,
    probe: words.probe,
    stale: words.stale,
    deadline: words.deadline,
    routing: words.routing,
    down: words.byDown,
  };
  const rows = Object.entries(names).map(([source, name]) => {
    const count = lookups.reduce((sum, each) => sum + (each.source === source ? each.count : 0), 0);
    return `<tr><th scope="row">${name}</th><td class="n">${count}</td></tr>`;
  });
  return rows.join('');
}

function refusalTable(rows: string, words: Words): string {
  const heads = [words.time, words.recipient, words.reply, words.reason].map(
    (head) => `<th scope="col">${head}</th>`,
  );
  return `<section><h2>${words.refused}</h2><div class="scroll" tabindex="0" role="region" aria-label="${words.refused}"><table><thead><tr>${heads.join('')}</tr></thead><tbody id="refused">${rows}</tbody></table></div></section>`;
}

function refusals(lines: readonly DecisionLine[]): string {
  return lines
    .map((line) => {
      const { time, key, reply, reason, rule, code, enhanced, said, verdict } = line;
      const words = [code, enhanced, said].filter((each) => each !== undefined).join(' ');
      const why = reason ?? rule ?? (words === '' ? verdict : words);
      return `<tr><td>${escaped(time.slice(11, 19))}</td><td class="key">${escaped(key)}</td><td>${escaped(reply)}</td><td>${escaped(why)}</td></tr>`;
    })
    .join('');
}

function uptime(seconds: number): string {
  const [days, hours, minutes] = [seconds / 86_400, (seconds / 3600) % 24, (seconds / 60) % 60].map(
    Math.floor,
  );
  return [...(days === 0 ? [] : [`${days} d`]), `${hours} h`, `${minutes} min`].join(' ');
}

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (each) => `&#${each.charCodeAt(0)};`);
}
