import type { Row } from '../figure.js';
import type { BarChart } from './bar-chart-svg.js';
import type { Result } from './results.js';

/** A plot, and its file below docs/images. */
export interface Chart extends BarChart {
  readonly file: string;
}

const BACKENDS = ['SQLite', 'Redis', 'PostgreSQL'] as const;

/** All plots; those of figures without a result are empty. */
export function chartsOf(results: readonly Result[]): readonly Chart[] {
  const rowsOf = (name: string): readonly Row[] => results.find(({ figure }) => figure === name)?.rows ?? [];
  return [flushChart(rowsOf('flush')), manyAccountsChart(rowsOf('many-accounts'))];
}

function flushChart(rows: readonly Row[]): Chart {
  const groups = BACKENDS.map((backend) => {
    const claim = `${backend}: changes, wall / lean floor`;
    const bars = rows
      .filter((row) => row.claim.startsWith(claim))
      .map(({ at, value }) => ({ label: at || 'K = 1', value }));
    return { label: backend, bars };
  });
  const title = 'Time of a flush of K changes, in times of the raw client';
  return { file: 'bench-flush.svg', title, unit: '×', mark: 1, groups };
}

function manyAccountsChart(rows: readonly Row[]): Chart {
  const groups = BACKENDS.map((backend) => {
    const sides = rows.filter(({ claim, unit, sides = [] }) => {
      return claim.startsWith(`${backend}: `) && claim.includes('commits/s') && unit === 'ratio' && sides.length > 0;
    });
    const medians = new Map(
      sides.flatMap((row) => (row.sides ?? []).map(({ side, median }) => [side, median] as const)),
    );
    medians.delete('one raw statement for all');
    return { label: backend, bars: Array.from(medians, ([label, value]) => ({ label, value })) };
  });
  return {
    file: 'bench-many-accounts.svg',
    title: 'Commits per second, 2,000 accounts on one driver',
    unit: '',
    groups,
  };
}
