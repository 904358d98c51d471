// Writes docs/contract.md from the clauses of the suite: node --import tsx scripts/generate-contract-docs.mjs
import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { contractPage } from '../test/docs/contract-page.ts';

const page = contractPage();
writeFileSync(resolve(import.meta.dirname, '../docs/contract.md'), page);
console.log(/^The \d+ clauses.*$/m.exec(page)?.[0]);
