import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { MemoryBackend } from '../../src/drivers/memory/backend.js';
import { MemoryDriver } from '../../src/drivers/memory/driver.js';
import { type ContractOptions, type ContractSubject, runDriverContract } from '../contract/index.js';
import { LocksInProcess } from '../support/saboteurs/heads/locks-in-process.js';
import { PASSWORD } from '../support/saboteurs/life/leaks-password.js';
import { temporaryFolder } from '../support/temporary-folder.js';
import { ACCESS_SABOTEURS, REMOTE_SABOTEURS, SABOTEURS } from './saboteurs.js';
import { memoryAccess } from './subjects/memory-access.js';
import { memorySubject } from './subjects/memory-subject.js';
import { remoteMemorySubject } from './subjects/remote-memory.js';
import { sqliteSubject } from './subjects/sqlite-subject.js';
import { TinyRunner } from './tiny-runner.js';

/** The ids of the clauses that a driver fails. */
async function failedClauses(subject: ContractSubject, options: ContractOptions = {}): Promise<readonly string[]> {
  const runner = new TinyRunner();
  runDriverContract(runner, { ...subject, secrets: [PASSWORD] }, options);
  const results = await runner.run();
  return results.filter(({ status }) => status === 'failed').map(({ name }) => name.split(' ')[0] ?? name);
}

/** Short, because what hangs takes five times as long. */
const QUICK: ContractOptions = { outageDeadlineMs: 100 };

describe('the contract suite finds a driver that', () => {
  for (const { fault, clause, related, disguise, clauseTimeoutMs = 60_000 } of SABOTEURS) {
    it(`${fault}: ${clause}`, { timeout: 120_000 }, async () => {
      const failed = await failedClauses(memorySubject(fault, disguise), { clauseTimeoutMs });
      expect(failed.toSorted()).toEqual([clause, ...related].sort());
    });
  }

  for (const { fault, clause, related, disguise } of REMOTE_SABOTEURS) {
    it(`${fault}: ${clause}`, { timeout: 120_000 }, async () => {
      const failed = await failedClauses(remoteMemorySubject(fault, disguise), QUICK);
      expect(failed.toSorted()).toEqual([clause, ...related].sort());
    });
  }
});

describe('the contract suite finds a driver for reading that', () => {
  for (const [fault, disguise] of ACCESS_SABOTEURS) {
    it(`${fault}: OP1`, { timeout: 120_000 }, async () => {
      const backend = new MemoryBackend();
      const subject: ContractSubject = {
        name: fault,
        createDriver: ({ prefix = 'default' } = {}) => new MemoryDriver({ backend, prefix }),
        faults: memoryAccess(backend, disguise),
      };
      expect(await failedClauses(subject, { only: ['OP1'] })).toEqual(['OP1']);
    });
  }
});

describe('the contract suite finds a driver of which each process', () => {
  const folder = temporaryFolder('saboteur');

  it('checks the condition behind a lock of its own: CC8', { timeout: 400_000 }, async () => {
    const path = join(folder, 'state.db');
    const module = new URL('./fixtures/locks-in-process-module.ts', import.meta.url);
    module.searchParams.set('path', path);
    const subject = { ...sqliteSubject(path, LocksInProcess), module, execArgv: ['--import', 'tsx'] };
    expect(await failedClauses(subject)).toEqual(['CC8']);
  });
});

describe('the contract suite', () => {
  it('finds nothing wrong with a driver that is stopped and paused', { timeout: 120_000 }, async () => {
    expect(await failedClauses(remoteMemorySubject('remote memory'), QUICK)).toEqual([]);
  });
});
