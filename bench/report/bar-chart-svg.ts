/** Groups of bars, from the left to the right. */
export interface BarChart {
  readonly title: string;
  /** Stands behind each value. */
  readonly unit: string;
  /** A value at which a line is drawn across. */
  readonly mark?: number;
  readonly groups: readonly { readonly label: string; readonly bars: readonly Bar[] }[];
}

interface Bar {
  readonly label: string;
  readonly value: number;
}

const WIDTH = 760;
const HEIGHT = 260;
const MARGIN = 24;
const TOP = 56;
const BOTTOM = HEIGHT - 52;
/** Of the width of a bar. */
const GAP_IN_GROUP = 0.25;

/** Draws the chart. It has light and dark colours, as the reader's system wants them. */
export function barChartSvg({ title: subject, unit, mark = 0, groups }: BarChart): string {
  const title = groups.some(({ bars }) => bars.length > 0) ? subject : `${subject}: not measured yet`;
  const highest = Math.max(mark, ...groups.flatMap(({ bars }) => bars.map(({ value }) => value)), Number.MIN_VALUE);
  const y = (value: number): number => BOTTOM - (value / highest) * (BOTTOM - TOP);
  const slots = groups.reduce((sum, { bars }) => sum + bars.length + 1, -1);
  const slot = (WIDTH - 2 * MARGIN) / Math.max(1, slots);
  let x = MARGIN;
  const shapes = groups.flatMap(({ label, bars }) => {
    const from = x;
    const drawn = bars.flatMap((bar) => {
      const left = x + (slot * GAP_IN_GROUP) / 2;
      const middle = x + slot / 2;
      x += slot;
      return [
        `<rect x="${at(left)}" y="${at(y(bar.value))}" width="${at(slot * (1 - GAP_IN_GROUP))}" height="${at(BOTTOM - y(bar.value))}"/>`,
        textAt(middle, y(bar.value) - 5, `${shown(bar.value)}${unit}`),
        textAt(middle, BOTTOM + 16, bar.label),
      ];
    });
    const heading = textAt((from + x) / 2, BOTTOM + 38, label, 'group');
    x += slot;
    return [...drawn, heading];
  });
  const line = mark === 0 ? [] : [`<path class="mark" d="M${MARGIN} ${at(y(mark))}H${WIDTH - MARGIN}"/>`];
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" width="${WIDTH}" height="${HEIGHT}">
  <title>${title}</title>
  <style>
    text { font: 12px system-ui, sans-serif; fill: #59636e; text-anchor: middle }
    .title { font-size: 14px; fill: #1f2328; text-anchor: start }
    .group { fill: #1f2328 }
    .mark { stroke: #cf222e; stroke-opacity: .5; stroke-dasharray: 4 3 }
    rect { fill: #0969da }
    @media (prefers-color-scheme: dark) {
      text { fill: #9198a1 }
      .title, .group { fill: #f0f6fc }
      rect { fill: #4493f8 }
    }
  </style>
  <text class="title" x="${MARGIN}" y="24">${title}</text>
${[...shapes, ...line].map((shape) => `  ${shape}`).join('\n')}
</svg>
`;
}

function textAt(x: number, y: number, text: string, name?: string): string {
  return `<text${name === undefined ? '' : ` class="${name}"`} x="${at(x)}" y="${at(y)}">${text}</text>`;
}

function at(position: number): string {
  return position.toFixed(1);
}

function shown(value: number): string {
  return value >= 100 ? Math.round(value).toLocaleString('en') : value.toFixed(2);
}
