import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { type JsonReport, jsonReport } from '../../src/cli/reporters/json-reporter.js';
import { runContract } from '../../src/cli/run-contract.js';
import { contractClauses } from '../contract/index.js';
import { memorySubject } from '../contract-suite/subjects/memory-subject.js';
import { LeaksPassword, PASSWORD } from '../support/saboteurs/life/leaks-password.js';
import { resultsPage } from './results-page.js';
import { MATRIX_SUBJECTS } from './subjects.js';

const RUN = { command: 'npm run results', date: '2025-01-31', platform: 'Node.js 20' };

async function reports(): Promise<{ readonly good: JsonReport; readonly bad: JsonReport }> {
  const only = ['RT1', 'RT5', 'FA4'];
  const { name, createDriver } = memorySubject('good');
  const bad = memorySubject('bad', (driver) => new LeaksPassword(driver));
  return {
    good: jsonReport(await runContract({ name, createDriver }, { only })),
    bad: jsonReport(await runContract({ ...bad, secrets: [PASSWORD] }, { only })),
  };
}

function rowOf(page: string, start: string): readonly string[] {
  const row = page.split('\n').find((line) => line.startsWith(`| ${start}`)) ?? '';
  return row
    .split(' | ')
    .slice(1)
    .map((cell) => cell.replace(/ \|$/, ''));
}

describe('the page of results', () => {
  it('has a row for each clause and a column for each driver, with reasons below', async () => {
    const { good, bad } = await reports();
    const page = resultsPage(
      [
        { name: 'good', versions: ['a 1.2.3'], report: good },
        { name: 'bad', versions: [], report: bad },
      ],
      RUN,
    );
    expect(rowOf(page, 'clause')).toEqual(['good', 'bad']);
    for (const { id } of contractClauses) expect(rowOf(page, `${id} |`)).toHaveLength(2);
    expect(rowOf(page, 'RT1')).toEqual(['passed', 'passed']);
    const [skipped, failed] = rowOf(page, 'FA4');
    expect(failed).toBe('**failed**');
    const number = /^skipped \((\d+)\)$/.exec(skipped ?? '')?.[1];
    expect(page).toContain(`\n${number}. the subject has no faults.failCommits.before\n`);
    expect(rowOf(page, '**level proven**')).toEqual(['none', 'none']);
    expect(rowOf(page, '**failed**')).toEqual(['0', '1']);
    expect(page).toContain('| good | a 1.2.3 |\n| bad | – |\n');
  });

  it('is the same for the same results, however long they took', async () => {
    const page = (report: JsonReport): string => resultsPage([{ name: 'x', versions: [], report }], RUN);
    expect(page((await reports()).good)).toBe(page((await reports()).good));
  });
});

describe('docs/contract-results.md', () => {
  const file = new URL('../../docs/contract-results.md', import.meta.url);

  it('shows every driver of the registry, every clause, and no failure', () => {
    expect(existsSync(file)).toBe(true);
    const page = readFileSync(file, 'utf8');
    expect(rowOf(page, 'clause')).toEqual(MATRIX_SUBJECTS.map(({ name }) => name));
    const ids = [...page.matchAll(/^\| ([A-Z]{2}\d+) \|/gm)].map(([, id]) => id);
    expect(ids).toEqual(contractClauses.map(({ id }) => id));
    expect(rowOf(page, '**failed**')).toEqual(MATRIX_SUBJECTS.map(() => '0'));
  });
});
