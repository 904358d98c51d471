import { describe, expect, it } from 'vitest';
import { runDriverContract } from '../contract/index.js';
import { PASSWORD } from '../support/saboteurs/leaks-password.js';
import { memorySubject } from './memory-subject.js';
import { SABOTEURS, type Saboteur } from './saboteurs.js';
import { TinyRunner } from './tiny-runner.js';

/** The ids of the clauses that a saboteur fails. */
async function failedClauses({ fault, disguise, clauseTimeoutMs = 30_000 }: Saboteur): Promise<readonly string[]> {
  const runner = new TinyRunner();
  const subject = { ...memorySubject(fault, disguise), secrets: [PASSWORD] };
  runDriverContract(runner, subject, { clauseTimeoutMs });
  const results = await runner.run();
  return results.filter(({ status }) => status === 'failed').map(({ name }) => name.split(' ')[0] ?? name);
}

describe('the contract suite finds a driver that', () => {
  for (const saboteur of SABOTEURS) {
    const { fault, clause, related } = saboteur;
    it(`${fault}: ${clause}`, { timeout: 60_000 }, async () => {
      const failed = await failedClauses(saboteur);
      expect(failed).toContain(clause);
      expect(failed.toSorted()).toEqual([clause, ...related].sort());
    });
  }
});
