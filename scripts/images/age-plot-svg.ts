/** The age of the oldest pending change, recorded while a server was restarted again and again. */
export interface AgeSeries {
  /** In milliseconds, a sample every {@link SAMPLE_MS}. */
  readonly ageMs: readonly number[];
  /** The indexes of the samples at which the server was stopped. */
  readonly restartsAt: readonly number[];
}

/** Between two samples. */
export const SAMPLE_MS = 100;

const WIDTH = 760;
const HEIGHT = 260;
const LEFT = 64;
const RIGHT = WIDTH - 24;
const TOP = 40;
const BOTTOM = HEIGHT - 40;
/** So many spaces between the lines of the grid, as far as round numbers allow. */
const SPACES = 5;

/** @throws when the text is not the JSON of an {@link AgeSeries}. */
export function readAgeSeries(text: string): AgeSeries {
  const { ageMs, restartsAt } = JSON.parse(text) as { readonly [name: string]: unknown };
  return { ageMs: numbersOf('ageMs', ageMs), restartsAt: numbersOf('restartsAt', restartsAt) };
}

/** The plot; one without a line where nothing was recorded. */
export function agePlotSvg({ ageMs, restartsAt }: AgeSeries): string {
  const seconds = (Math.max(1, ageMs.length - 1) * SAMPLE_MS) / 1000;
  const oldest = Math.max(1, ...ageMs);
  const highest = Math.ceil(oldest / stepOf(oldest)) * stepOf(oldest);
  const x = (index: number): string => (LEFT + ((index * SAMPLE_MS) / 1000 / seconds) * (RIGHT - LEFT)).toFixed(1);
  const y = (age: number): string => (BOTTOM - (age / highest) * (BOTTOM - TOP)).toFixed(1);
  const title =
    ageMs.length === 0
      ? 'No run was recorded yet: npm run images -- --series FILE'
      : `Age of the oldest pending change through ${restartsAt.length} restarts`;
  const rows = ticks(highest).map((age) => {
    const at = y(age);
    return `  <path class="grid" d="M${LEFT} ${at}H${RIGHT}"/>\n  <text x="${LEFT - 8}" y="${at}" dy="4" text-anchor="end">${label(age)} ms</text>`;
  });
  const columns = ticks(seconds).map((second) => {
    const at = x((second * 1000) / SAMPLE_MS);
    return `  <text x="${at}" y="${BOTTOM + 18}" text-anchor="middle">${label(second)} s</text>`;
  });
  const restarts = restartsAt.map((index) => `M${x(index)} ${TOP}V${BOTTOM}`).join('');
  const line = ageMs.map((age, index) => `${x(index)},${y(age)}`).join(' ');
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" width="${WIDTH}" height="${HEIGHT}">
  <title>${title}</title>
  <style>
    text { font: 12px system-ui, sans-serif; fill: #59636e }
    .title { font-size: 14px; fill: #1f2328 }
    .grid { stroke: #8b949e; stroke-opacity: .3 }
    .restart { stroke: #cf222e; stroke-opacity: .35 }
    .age { fill: none; stroke: #0969da; stroke-width: 1.5 }
    @media (prefers-color-scheme: dark) {
      text { fill: #9198a1 }
      .title { fill: #f0f6fc }
      .age { stroke: #4493f8 }
    }
  </style>
  <text class="title" x="${LEFT}" y="22">${title}</text>
${[...rows, ...columns].join('\n')}
  <path class="restart" d="${restarts}"/>
  <polyline class="age" points="${line}"/>
</svg>
`;
}

function numbersOf(name: string, values: unknown): readonly number[] {
  if (Array.isArray(values) && values.every((value) => Number.isFinite(value) && value >= 0)) return values;
  throw new Error(`${name}: expected an array of numbers from 0`);
}

/** The next number of the form 1, 2 or 5 times a power of ten. */
function roundedUp(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value));
  return ([1, 2, 5].find((step) => step * power >= value) ?? 10) * power;
}

/** From 0 to the greatest, in steps of a round number. */
function ticks(greatest: number): readonly number[] {
  const step = stepOf(greatest);
  return Array.from({ length: Math.floor(greatest / step + 1e-9) + 1 }, (_, index) => index * step);
}

function stepOf(greatest: number): number {
  return roundedUp(greatest / SPACES);
}

function label(value: number): string {
  return String(Number(value.toPrecision(3)));
}
