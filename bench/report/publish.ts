import { readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { barChartSvg } from './bar-chart-svg.js';
import { type Chart, chartsOf } from './charts.js';
import { withResults } from './page.js';
import { savedResults } from './results.js';

const root = resolve(import.meta.dirname, '../..');

/** Writes the results into docs/performance.md, and draws their plots. */
export function publish(): void {
  const results = savedResults();
  const page = resolve(root, 'docs/performance.md');
  writeFileSync(page, withResults(readFileSync(page, 'utf8'), results));
  for (const chart of chartsOf(results)) draw(chart);
}

function draw({ file, ...chart }: Chart): void {
  writeFileSync(resolve(root, 'docs/images', file), barChartSvg(chart));
}
