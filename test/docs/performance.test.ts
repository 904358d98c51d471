import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Row } from '../../bench/figure.js';
import { barChartSvg } from '../../bench/report/bar-chart-svg.js';
import { chartsOf } from '../../bench/report/charts.js';
import { withResults } from '../../bench/report/page.js';
import { savedResults } from '../../bench/report/results.js';
import { claimTable } from '../../bench/report/table.js';

const docs = resolve(import.meta.dirname, '../../docs');

describe('docs/performance.md', () => {
  it('says what bench/results says', () => {
    const page = readFileSync(resolve(docs, 'performance.md'), 'utf8');
    expect(page).toBe(withResults(page, savedResults()));
  });

  it('shows plots of bench/results', () => {
    for (const { file, ...chart } of chartsOf(savedResults())) {
      expect(readFileSync(resolve(docs, 'images', file), 'utf8'), file).toBe(barChartSvg(chart));
    }
  });
});

describe('a table of claims', () => {
  it('has one line for each claim, and says which are missed', () => {
    const row = (claim: string, at: string, value: number): Row => {
      return { claim, at, value, unit: 'ratio', asked: { atMost: 1.5 } };
    };
    const table = claimTable([row('a', 'K = 10', 1.234), row('a', 'K = 100', 1.6), row('b', '', 1)]);
    expect(table.split('\n').slice(2, -1)).toEqual([
      '| a | K = 10: 1.23; K = 100: 1.6 | ≤ 1.5, missed |',
      '| b | 1 | ≤ 1.5 |',
    ]);
  });
});

describe('a plot of bars', () => {
  it('has a bar for each value, whose height is its share of the highest', () => {
    const bars = [
      { label: 'x', value: 1 },
      { label: 'y', value: 2 },
    ];
    const image = barChartSvg({ title: 'title', unit: '×', groups: [{ label: 'group', bars }] });
    const heights = Array.from(image.matchAll(/<rect [^>]*height="([\d.]+)"/g), ([, height]) => Number(height));
    expect(heights).toHaveLength(2);
    expect(heights[1]).toBe(2 * (heights[0] ?? 0));
    expect(image).toContain('>2.00×</text>');
  });
});
