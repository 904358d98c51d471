import { type Asked, holds, type Row, type Unit } from '../figure.js';
import type { Result } from './results.js';

/** The whole of a result, for a terminal. */
export function tableOf({ title, machine, rows, notes }: Result): string {
  const cells = rows.map((row) => [
    row.at === '' ? row.claim : `${row.claim}, ${row.at}`,
    formatted(row.value, row.unit),
    row.asked === undefined ? '' : askedText(row.asked, row.unit),
    { true: 'holds', false: 'MISSED', undefined: '' }[String(holds(row))] ?? '',
    (row.sides ?? []).map(({ side, median }) => `${side} ${formatted(median, row.sidesUnit ?? row.unit)}`).join(', '),
  ]);
  const widths = [0, 1, 2, 3].map((column) => Math.max(...cells.map((row) => row[column]?.length ?? 0)));
  const lines = cells.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
  const versions = Object.entries(machine.backends).map(([name, version]) => `, ${name} ${version}`);
  const head = `${title} (Node.js ${machine.node}${versions.join('')}; medians, sides in turns)`;
  return [head, ...lines, ...notes].join('\n');
}

/** A table in Markdown: one line for each claim, with the range of its rows. */
export function claimTable(rows: readonly Row[]): string {
  const claims = new Map<string, Row[]>();
  for (const row of rows) claims.set(row.claim, [...(claims.get(row.claim) ?? []), row]);
  const lines = Array.from(claims, ([claim, group]) => {
    const [first] = group;
    const asked = first?.asked === undefined ? '' : askedText(first.asked, first.unit);
    const missed = group.some((row) => holds(row) === false) ? ', missed' : '';
    return `| ${claim} | ${rangeOf(group)} | ${asked}${missed} |\n`;
  });
  return `| figure | measured | asked |\n|---|---|---|\n${lines.join('')}`;
}

/** With at most three digits that count. */
export function formatted(value: number, unit: Unit): string {
  const digits = Math.abs(value) >= 100 ? Math.round(value) : Number(value.toPrecision(value < 1 ? 2 : 3));
  const number = digits.toLocaleString('en', { maximumFractionDigits: 6 });
  if (unit === 'ratio' || unit === 'count') return number;
  return unit === 'per second' ? `${number}/s` : `${number} ${unit}`;
}

function rangeOf(rows: readonly Row[]): string {
  if (rows.length === 1 && rows[0] !== undefined) return formatted(rows[0].value, rows[0].unit);
  return rows.map(({ at, value, unit }) => `${at}: ${formatted(value, unit)}`).join('; ');
}

function askedText(asked: Asked, unit: Unit): string {
  return 'atMost' in asked ? `≤ ${formatted(asked.atMost, unit)}` : `≥ ${formatted(asked.atLeast, unit)}`;
}
