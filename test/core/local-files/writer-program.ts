import { isAccountKeeperError } from '../../../src/core/errors.js';
import { SpillFolder } from '../../../src/core/local-files/spill-folder.js';
import { sampleSpill } from './sample-spill.js';

/** What a run of this program prints. */
export interface WriterReport {
  /** Of the spills that were written. */
  readonly paths: readonly string[];
  /** Of the others: the code of the error, and of its cause. */
  readonly failures: readonly string[];
}

/** Writes spills into a folder, one after another: `writer-program.ts <directory> <id> <count> <bytes>`. */
const [directory = '', id = '', count = '1', bytes = '1'] = process.argv.slice(2);
const folder = new SpillFolder(directory);
const records = new Map([['record', 'x'.repeat(Number(bytes))]]);
const paths: string[] = [];
const failures: string[] = [];
for (let index = 0; index < Number(count); index += 1) {
  try {
    paths.push(folder.write(sampleSpill({ id: `${id}-${index}`, records })));
  } catch (error) {
    if (!isAccountKeeperError(error)) throw error;
    const { cause } = error;
    failures.push(`${error.code} ${cause instanceof Error && 'code' in cause ? cause.code : ''}`);
  }
}
const report: WriterReport = { paths, failures };
process.stdout.write(`${JSON.stringify(report)}\n`);
