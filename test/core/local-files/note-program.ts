import { HighWaterFile } from '../../../src/core/local-files/high-water-file.js';

/**
 * Notes head after head, and prints each revision that is surely in the file:
 * `note-program.ts <directory> <first revision> <step>`. Runs until it is killed.
 */
const [directory = '', first = '1', step = '1'] = process.argv.slice(2);
const file = new HighWaterFile({
  directory,
  accountId: 'account',
  lineage: 'lineage',
  onError: (error) => process.stdout.write(`failed ${error.message}\n`),
});
for (let revision = Number(first); ; revision += 3 * Number(step)) {
  for (const more of [0, 1, 2]) {
    const next = revision + more * Number(step);
    file.note({ revision: next, writeId: `w${next}` });
  }
  await file.settled();
  process.stdout.write(`${revision + 2 * Number(step)}\n`);
}
