import type { Machine, Result } from './results.js';
import { claimTable } from './table.js';

const START = '<!-- measured: written by npm run bench from bench/results; a test compares the two -->';
const END = '<!-- /measured -->';

/** The page with the results between its markers. @throws when it has no markers */
export function withResults(page: string, results: readonly Result[]): string {
  const from = page.indexOf(START);
  const to = page.indexOf(END);
  if (from === -1 || to < from) throw new Error(`expected the page to have ${START} and ${END}`);
  const sections = results.length === 0 ? 'Not measured yet.\n' : results.map(sectionOf).join('\n');
  return `${page.slice(0, from)}${START}\n\n${sections}\n${page.slice(to)}`;
}

function sectionOf({ title, machine, rows, notes }: Result): string {
  const lines = [machineLine(machine), ...notes].join('. ').replace(/\.?$/, '.');
  return `## ${title}\n\n${claimTable(rows)}\n${lines}\n`;
}

function machineLine({ date, node, cpu, backends }: Machine): string {
  const versions = Object.entries(backends).map(([name, version]) => `, ${name} ${version}`);
  return `${date}, ${cpu}, Node.js ${node}${versions.join('')}`;
}
