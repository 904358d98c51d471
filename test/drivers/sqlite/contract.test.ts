import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, it } from 'vitest';
import { runDriverContract } from '../../contract/index.js';
import { sqliteSubject } from '../../contract-suite/subjects/sqlite-subject.js';

const folder = mkdtempSync(join(tmpdir(), 'accountkeeper-contract-'));
const path = join(folder, 'state.db');
const module = new URL('../../contract-suite/fixtures/sqlite-module.ts', import.meta.url);
module.searchParams.set('path', path);

afterAll(() => rm(folder, { recursive: true, force: true }));

const subject = { ...sqliteSubject(path), module, execArgv: ['--import', 'tsx'] };
runDriverContract({ describe, it }, subject, { require: 'claimed' });
