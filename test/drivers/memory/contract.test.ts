import { describe, it } from 'vitest';
import { MemoryDriver } from '../../../src/drivers/memory/driver.js';
import { runDriverContract } from '../../contract/index.js';
import { memorySubject } from '../../contract-suite/subjects/memory-subject.js';

runDriverContract(
  { describe, it },
  {
    ...memorySubject('memory', undefined, MemoryDriver),
    module: new URL('../../contract-suite/fixtures/memory-module.ts', import.meta.url),
    execArgv: ['--import', 'tsx'],
  },
  { require: 'claimed' },
);
