import type { JsonClause, JsonReport } from '../../src/cli/reporters/json-reporter.js';

/** What a subject's run has given. */
export interface MatrixColumn {
  readonly name: string;
  readonly versions: readonly string[];
  readonly report: JsonReport;
}

/** Where and how the results came about. */
export interface MatrixRun {
  readonly command: string;
  /** Such as 2025-01-31. */
  readonly date: string;
  /** Such as `Node.js 20.19.0 on linux x64`. */
  readonly platform: string;
}

/** The text of docs/contract-results.md: the same for the same reports, but for date and versions. */
export function resultsPage(columns: readonly MatrixColumn[], { command, date, platform }: MatrixRun): string {
  const reasons = new Reasons();
  const [first] = columns;
  const rows = (first?.report.clauses ?? []).map(({ id }) => {
    return line([id, ...columns.map(({ report }) => cell(report, id, reasons))]);
  });
  const total = (name: string, of: (report: JsonReport) => string): string =>
    line([`**${name}**`, ...columns.map(({ report }) => of(report))]);
  const count = (status: JsonClause['status']) => (report: JsonReport) =>
    String(report.clauses.filter((clause) => clause.status === status).length);
  const table = [
    line(['clause', ...columns.map(({ name }) => name)]),
    line(['---', ...columns.map(() => '---')]),
    ...rows,
    total('level proven', ({ level }) => (level === null ? 'none' : `**${level}**`)),
    total('level claimed', ({ claimed }) => claimed),
    total('passed', count('passed')),
    total('failed', count('failed')),
  ];
  const versions = columns.map(({ name, versions: each }) => line([name, each.length === 0 ? '–' : each.join(', ')]));
  return `# Contract results

<!-- Generated: ${command} -->

What became of each clause of [the driver contract](contract.md) with each driver, on private servers, with the faults of the real backend wherever it can be made to have them; a pause of SQLite, and every fault of memory, is simulated below the driver. Printed by \`${command}\` on ${date} with ${platform}.

${table.join('')}
## Why a clause was skipped

${reasons.lines().join('')}
## Versions

${[line(['driver', 'versions']), line(['---', '---']), ...versions].join('')}`;
}

function cell(report: JsonReport, id: string, reasons: Reasons): string {
  const clause = report.clauses.find((each) => each.id === id);
  switch (clause?.status) {
    case 'passed':
      return 'passed';
    case 'failed':
      return '**failed**';
    case 'partial':
      return `in part (${reasons.number(clause.reason)})`;
    default:
      return `skipped (${reasons.number(clause?.reason ?? null)})`;
  }
}

/** The reasons, numbered in the order in which they first come. */
class Reasons {
  readonly #numbers = new Map<string, number>();

  number(reason: string | null): number {
    const text = reason ?? 'it did not run';
    const number = this.#numbers.get(text) ?? this.#numbers.size + 1;
    this.#numbers.set(text, number);
    return number;
  }

  lines(): readonly string[] {
    if (this.#numbers.size === 0) return ['None was.\n'];
    return Array.from(this.#numbers, ([reason, number]) => `${number}. ${reason}\n`);
  }
}

function line(cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |\n`;
}
