// Runs the contract suite on each driver and writes docs/contract-results.md; with the names of some drivers, prints
// the table of those instead. Ends with 1 when a clause failed or a driver could not be tested.
import { writeFileSync } from 'node:fs';
import { jsonReport } from '../../src/cli/reporters/json-reporter.js';
import { hasFailed, runContract } from '../../src/cli/run-contract.js';
import type { MatrixSubject } from './matrix-subject.js';
import { type MatrixColumn, resultsPage } from './results-page.js';
import { MATRIX_SUBJECTS } from './subjects.js';

const COMMAND = 'npm run contract:results';
const PAGE = new URL('../../docs/contract-results.md', import.meta.url);

async function column({ name, start }: MatrixSubject): Promise<MatrixColumn> {
  const { subject, versions, clauseTimeoutMs, dispose } = await start();
  try {
    const options = clauseTimeoutMs === undefined ? {} : { clauseTimeoutMs };
    const run = await runContract(subject, options, ({ result }) => {
      if (result.status === 'failed') console.error(`${name}: ${result.error}`);
    });
    const { report, outcomes } = run;
    const passed = outcomes.filter(({ result }) => result.status === 'passed').length;
    const verdict = hasFailed(run) ? 'FAILED' : `level ${report.level ?? 'none'} of ${report.claimed}`;
    console.error(`${name}: ${passed} passed, ${report.unproven.length} unproven, ${verdict}`);
    return { name, versions, report: jsonReport(run) };
  } finally {
    await dispose();
  }
}

const wanted = process.argv.slice(2);
const subjects = MATRIX_SUBJECTS.filter(({ name }) => wanted.length === 0 || wanted.includes(name));
if (subjects.length < Math.max(1, wanted.length)) {
  console.error(`usage: ${COMMAND} -- [${MATRIX_SUBJECTS.map(({ name }) => JSON.stringify(name)).join('] [')}]`);
  process.exit(2);
}
const columns: MatrixColumn[] = [];
for (const subject of subjects) columns.push(await column(subject));
const page = resultsPage(columns, {
  command: COMMAND,
  date: new Date().toISOString().slice(0, 10),
  platform: `Node.js ${process.versions.node} on ${process.platform} ${process.arch}`,
});
if (wanted.length === 0) writeFileSync(PAGE, page);
else console.log(page);
// Without waiting for what a client of some server may have left.
process.exit(columns.every(({ report }) => report.ok) ? 0 : 1);
