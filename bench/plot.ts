// Draws a line chart as SVG that can be read on a light and on a dark page, without any library. No I/O.

export type Axis = {
  readonly title: string;
  /** Gives the place of a value on the axis, in any unit: the value itself, its logarithm … */
  readonly place: (value: number) => number;
  readonly ticks: readonly (readonly [value: number, label: string])[];
};

export type Series = {
  readonly label: string;
  readonly points: readonly (readonly [x: number, y: number])[];
};

export type Chart = {
  readonly title: string;
  /** The command that made the chart. */
  readonly command: string;
  readonly x: Axis;
  readonly y: Axis;
  readonly series: readonly Series[];
};

const WIDTH = 720;
const HEIGHT = 400;
const LEFT = 76;
const RIGHT = 124;
const TOP = 40;
const BOTTOM = 70;

/** Each of them can be seen on white and on black. */
const COLOURS: Readonly<Record<string, string>> = {
  cyrusmapd: '#d9480f',
  smmapd: '#2f7fd6',
  floor: '#8a8f98',
  responder: '#2b9348',
};
const OTHER_COLOUR = '#a05fb5';

const STYLE = [
  'text{font:12px system-ui,sans-serif;fill:#4a5058}',
  '.title{font-size:15px;font-weight:600}',
  '.small{font-size:11px}',
  '.grid{stroke:#8a8f98;stroke-opacity:.25}',
  '.line{fill:none;stroke-width:2.2;stroke-linejoin:round}',
  '@media(prefers-color-scheme:dark){text{fill:#b4bcc6}}',
].join('');

export function drawChart({ title, command, x, y, series }: Chart): string {
  const toX = scale(x, LEFT, WIDTH - RIGHT);
  const toY = scale(y, HEIGHT - BOTTOM, TOP);
  const parts = [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img">`,
    `<title>${escaped(title)}</title><style>${STYLE}</style>`,
    text(LEFT, 22, title, 'class="title"'),
    ...x.ticks.flatMap(([value, label]) => [
      line(toX(value), TOP, toX(value), HEIGHT - BOTTOM),
      text(toX(value), HEIGHT - BOTTOM + 17, label, 'text-anchor="middle"'),
    ]),
    ...y.ticks.flatMap(([value, label]) => [
      line(LEFT, toY(value), WIDTH - RIGHT, toY(value)),
      text(LEFT - 7, toY(value) + 4, label, 'text-anchor="end"'),
    ]),
    text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - BOTTOM + 36, x.title, 'text-anchor="middle"'),
    text(16, (TOP + HEIGHT - BOTTOM) / 2, y.title, turned(16, (TOP + HEIGHT - BOTTOM) / 2)),
    text(16, HEIGHT - 10, shortened(command), 'class="small"'),
    ...series.map((each) => curve(each, toX, toY)),
    ...labels(series, toX, toY),
    '</svg>',
  ];
  return `${parts.join('\n')}\n`;
}

export function linearAxis(title: string, most: number, unit = 1): Axis {
  const step =
    [1, 2, 5, 10].map((n) => n * 10 ** Math.floor(Math.log10(most / 5))).find((s) => most / s <= 6) ?? most;
  const count = Math.ceil(most / step);
  const ticks = Array.from(
    { length: count + 1 },
    (_, i) => [i * step, shortNumber((i * step) / unit)] as const,
  );
  return { title, place: (value) => value, ticks };
}

/** A logarithmic axis with steps of 1, 2, 5 and 10, or only of 10 where there would be too many. */
export function logAxis(title: string, least: number, most: number): Axis {
  const powers = Array.from({ length: 13 }, (_, i) => 10 ** (i - 3));
  const fine = ticksAround(
    powers.flatMap((power) => [power, 2 * power, 5 * power]),
    least,
    most,
  );
  const ticks = fine.length > 9 ? ticksAround(powers, least, most) : fine;
  return { title, place: Math.log10, ticks: ticks.map((tick) => [tick, shortNumber(tick)]) };
}

function ticksAround(steps: readonly number[], least: number, most: number): number[] {
  const first = steps.findLast((step) => step <= least) ?? least;
  const last = steps.find((step) => step >= most) ?? most;
  return steps.filter((step) => step >= first && step <= last);
}

function scale({ place, ticks }: Axis, from: number, to: number): (value: number) => number {
  const places = ticks.map(([value]) => place(value));
  const [first, last] = [Math.min(...places), Math.max(...places)];
  const width = last - first || 1;
  return (value) => from + ((place(value) - first) / width) * (to - from);
}

function curve({ label, points }: Series, toX: Place, toY: Place): string {
  const path = points.map(([x, y]) => `${toX(x).toFixed(1)},${toY(y).toFixed(1)}`).join(' ');
  const dots =
    points.length > 12
      ? ''
      : points
          .map(
            ([x, y]) =>
              `<circle cx="${toX(x).toFixed(1)}" cy="${toY(y).toFixed(1)}" r="3.2" fill="${colour(label)}"/>`,
          )
          .join('');
  return `<polyline class="line" stroke="${colour(label)}" points="${path}"/>${dots}`;
}

type Place = (value: number) => number;

/** Puts labels beside the ends of the curves, and moves them apart where they would overlap. */
function labels(series: readonly Series[], toX: Place, toY: Place): string[] {
  const ends = series
    .flatMap(({ label, points }) => {
      const end = points.at(-1);
      return end === undefined ? [] : [{ label, x: toX(end[0]) + 8, y: toY(end[1]) + 4 }];
    })
    .sort((a, b) => a.y - b.y);
  let lowest = -Infinity;
  return ends.map(({ label, x, y }) => {
    lowest = Math.max(y, lowest + 15);
    return text(x, lowest, label, `style="fill:${colour(label)};font-weight:600"`);
  });
}

function colour(label: string): string {
  return COLOURS[label] ?? OTHER_COLOUR;
}

function text(x: number, y: number, content: string, attributes: string): string {
  return `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" ${attributes}>${escaped(content)}</text>`;
}

/** The part of the command that fits below the picture. */
function shortened(command: string): string {
  return command.length > 100 ? `${command.slice(0, 99)}…` : command;
}

function line(x1: number, y1: number, x2: number, y2: number): string {
  return `<path class="grid" d="M${x1.toFixed(1)} ${y1.toFixed(1)}L${x2.toFixed(1)} ${y2.toFixed(1)}"/>`;
}

function turned(x: number, y: number): string {
  return `text-anchor="middle" transform="rotate(-90 ${x} ${y})"`;
}

function escaped(content: string): string {
  return content.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

function shortNumber(value: number): string {
  return value >= 1000 ? `${Number((value / 1000).toPrecision(3))} k` : `${Number(value.toPrecision(3))}`;
}
