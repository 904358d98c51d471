import { join } from 'node:path';
import { describe, it } from 'vitest';
import { runDriverContract } from '../../contract/index.js';
import { sqliteSubject } from '../../contract-suite/subjects/sqlite-subject.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

const folder = temporaryFolder('contract');
const path = join(folder, 'state.db');
const module = new URL('../../contract-suite/fixtures/sqlite-module.ts', import.meta.url);
module.searchParams.set('path', path);

const subject = { ...sqliteSubject(path), module, execArgv: ['--import', 'tsx'] };
runDriverContract({ describe, it }, subject, { require: 'claimed' });
