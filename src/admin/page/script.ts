// The script that runs in the browser: it listens to the daemon, keeps the figures of five minutes, and draws them. It is plain
// JavaScript, which stands inside the page under a nonce; test/browser/page.test.ts runs it in Chromium. No I/O here.

export const SCRIPT = `
'use strict';
const W = JSON.parse(document.getElementById('words').textContent);
const KEEP_MS = 300000, STATUSES = ['OK', 'NOTFOUND', 'TEMP'];
const seen = [];
const $ = (id) => document.getElementById(id);
const SVG = 'http://www.w3.org/2000/svg';
const put = (id, text) => { const at = $(id); if (at && at.textContent !== text) at.textContent = text; };
const short = (n) => n >= 100 ? n.toFixed(0) : n >= 10 ? n.toFixed(1) : n.toFixed(2);
const make = (name, attributes, text) => {
  const made = document.createElementNS(SVG, name);
  for (const key in attributes) made.setAttribute(key, attributes[key]);
  if (text !== undefined) made.textContent = text;
  return made;
};
function rates() {
  const points = [];
  for (let i = 1; i < seen.length; i++) {
    const then = seen[i - 1], now = seen[i], seconds = (now.at - then.at) / 1000;
    if (seconds <= 0) continue;
    const point = { at: now.at };
    for (const status of STATUSES) point[status] = Math.max(0, now.replies[status] - then.replies[status]) / seconds;
    points.push(point);
  }
  return points;
}
function drawRates() {
  const points = rates(), last = points[points.length - 1], svg = $('rates');
  const top = Math.max(1, ...points.flatMap((p) => STATUSES.map((s) => p[s]))) * 1.1;
  const end = seen[seen.length - 1].at;
  const x = (at) => 640 - (end - at) / KEEP_MS * 575, y = (v) => 170 - v / top * 155;
  svg.replaceChildren();
  for (const part of [0, 0.5, 1]) {
    svg.append(make('line', { x1: 65, x2: 640, y1: y(top * part), y2: y(top * part) }));
    svg.append(make('text', { x: 58, y: y(top * part) + 4, 'text-anchor': 'end' }, short(top * part)));
  }
  svg.append(make('text', { x: 65, y: 192 }, '−5 min'), make('text', { x: 640, y: 192, 'text-anchor': 'end' }, '0'));
  for (const status of STATUSES) {
    const way = points.map((p, i) => (i ? 'L' : 'M') + x(p.at).toFixed(1) + ' ' + y(p[status]).toFixed(1)).join('');
    if (way) svg.append(make('path', { class: status, d: way }));
  }
  if (!last) return;
  for (const status of STATUSES) put('rate-' + status, short(last[status]));
  svg.setAttribute('aria-label', W.replies + ': ' + STATUSES.map((s) => W[s] + ' ' + short(last[s])).join(', '));
}
const duration = (s) => s === undefined ? '∞' : s < 1 ? +(s * 1000).toPrecision(3) + ' ms' : s + ' s';
function drawMisses({ bounds, cumulative, count }) {
  const svg = $('misses'), each = cumulative.map((c, i) => c - (i ? cumulative[i - 1] : 0));
  const most = Math.max(1, ...each), width = 600 / each.length;
  svg.replaceChildren(make('line', { x1: 20, x2: 620, y1: 100, y2: 100 }));
  each.forEach((n, i) => {
    const height = n === 0 ? 0 : Math.max(2, n / most * 90);
    svg.append(make('rect', { class: 'bar', x: 20 + i * width + 2, y: 100 - height, width: width - 4, height, rx: 2 }));
    if (i % 3 === 0) svg.append(make('text', { x: 20 + i * width + width / 2, y: 119, 'text-anchor': 'middle' }, duration(bounds[i])));
  });
  const below = (share) => duration(bounds[cumulative.findIndex((c) => c >= share * count)]);
  const text = count === 0 ? W.none : count + ' ' + W.missesText + ', ' + W.within + ' ' + below(0.5) + ', ' + W.within99 + ' ' + below(0.99);
  put('misses-text', text);
  svg.setAttribute('aria-label', W.misses + ': ' + text);
}
function show(now) {
  seen.push({ at: now.at, replies: now.replies });
  while (seen.length > 2 && now.at - seen[0].at > KEEP_MS) seen.shift();
  for (const status of STATUSES) put('total-' + status, String(now.replies[status]));
  for (const name in now.html) { const at = $(name); if (at && at.innerHTML !== now.html[name]) at.innerHTML = now.html[name]; }
  state(now.state);
  drawRates();
  drawMisses(now.misses);
}
function state(name) {
  const at = $('state');
  if (at.dataset.state === name) return;
  at.dataset.state = name;
  at.className = 'state ' + name;
  at.textContent = W[name];
  document.title = W[name] + ' · ' + W.title;
}
const source = new EventSource('events' + location.search);
source.onmessage = (event) => show(JSON.parse(event.data));
source.onerror = () => state('lost');
document.documentElement.dataset.live = '';
`;
