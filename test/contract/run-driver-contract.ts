import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { PersistenceDriver } from '../../src/core/persistence-driver.js';
import type { Clause } from './clause.js';
import { ClauseScope } from './clause-scope.js';
import { contractClauses } from './clauses.js';
import { type SubjectFacts, unmetNeed } from './needs.js';
import type { ContractReport } from './report.js';
import { type ClauseResult, CONFORMANCE_LEVELS, type ConformanceLevel, contractReport } from './report.js';
import type { ContractSubject } from './subject.js';

/** What the suite needs of a test runner. vitest, node:test, Jest and mocha have it. */
export interface ContractRunner {
  describe(name: string, register: () => void): unknown;
  readonly it: {
    (name: string, run: () => Promise<void>): unknown;
    skip(name: string, run: () => Promise<void>): unknown;
  };
}

/** How the suite runs. What it tests comes from the driver's capabilities alone. */
export interface ContractOptions {
  /**
   * Milliseconds that one clause may take. The runner's own limit for a test has to be longer.
   *
   * @default 30_000
   */
  readonly clauseTimeoutMs?: number;
  /** What generated ids and values come from; a failure names it. @default 1 */
  readonly seed?: number;
  /**
   * What has to be proven for the last test to pass: all that the driver claims (which takes every fault and a
   * `module`), at least a level, or nothing: what was proven is then only told, through `onReport`.
   *
   * @default 'nothing'
   */
  readonly require?: 'claimed' | ConformanceLevel | 'nothing';
  /** Called by the last test. */
  readonly onReport?: (report: ContractReport) => void;
}

/** The name of the last test, by what it requires. */
const LEVEL_TESTS = {
  nothing: 'conformance level is reported',
  claimed: 'conformance level is at least the claimed one',
  basic: 'conformance level is at least basic',
  durable: 'conformance level is at least durable',
  atomic: 'conformance level is at least atomic',
  safe: 'conformance level is at least safe',
} as const;

/**
 * Registers a test for each clause of the driver contract, by group, and a last one for the conformance level. A clause
 * that the driver does not claim, or that the subject has no means to test, is registered as skipped, with the reason in
 * its name. The tests run one after the other.
 *
 * Calls `subject.createDriver` once, to read the capabilities, and closes that driver without opening it.
 */
export function runDriverContract(
  { describe, it }: ContractRunner,
  subject: ContractSubject,
  options: ContractOptions = {},
): void {
  const { clauseTimeoutMs = 30_000, seed = 1, require: required = 'nothing', onReport } = options;
  const probe = subject.createDriver();
  const probeClosed = closeQuietly(probe);
  const { capabilities } = probe;
  const facts: SubjectFacts = { subject, capabilities, commitMany: probe.commitMany !== undefined };
  const run = randomUUID().slice(0, 8);
  const statuses = new Map<string, ClauseResult['status']>(contractClauses.map(({ id }) => [id, 'not run']));

  const register = (clause: Clause): void => {
    const { id, title, needs } = clause;
    const unmet = unmetNeed(needs, facts);
    if (unmet !== undefined) {
      statuses.set(id, unmet.kind);
      it.skip(`${id} ${title} (skipped: ${unmet.reason})`, async () => undefined);
      return;
    }
    it(`${id} ${title}`, async () => {
      statuses.set(id, 'failed');
      const scope = new ClauseScope({ subject, capabilities, clauseId: id, run, seed });
      await runClause(clause, scope, { clauseTimeoutMs, seed });
      statuses.set(id, 'passed');
    });
  };

  describe(`driver contract: ${subject.name}`, () => {
    for (const group of new Set(contractClauses.map((clause) => clause.group))) {
      describe(group, () => {
        for (const clause of contractClauses) if (clause.group === group) register(clause);
      });
    }
    it(LEVEL_TESTS[required], async () => {
      const closeError = await probeClosed;
      if (closeError !== undefined) throw closeError;
      const results = Array.from(statuses, ([id, status]) => ({ id, status }));
      const report = contractReport(subject.name, capabilities, results);
      onReport?.(report);
      assertProven(report, required);
    });
  });
}

interface ClauseLimits {
  readonly clauseTimeoutMs: number;
  readonly seed: number;
}

async function runClause(clause: Clause, scope: ClauseScope, { clauseTimeoutMs, seed }: ClauseLimits): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<never>((_resolve, reject) => {
    const late = (): void => reject(new Error(`expected the clause to settle within ${clauseTimeoutMs} ms`));
    timer = setTimeout(late, clauseTimeoutMs);
  });
  try {
    await Promise.race([clause.run(scope), limit]);
  } catch (error) {
    clearTimeout(timer);
    // The clause's own failure says more than what became of its drivers.
    await scope.end().catch(() => undefined);
    throw failure(clause, scope, seed, error);
  }
  clearTimeout(timer);
  try {
    await scope.end();
  } catch (error) {
    throw failure(clause, scope, seed, error);
  }
}

function failure({ id, title }: Clause, { subject, prefix }: ClauseScope, seed: number, cause: unknown): Error {
  const what = cause instanceof Error ? cause.message : String(cause);
  const error = new Error(`${id} ${title}\n  ${what}\n  (driver ${subject.name}, seed ${seed}, prefix ${prefix})`, {
    cause,
  });
  error.name = 'ContractError';
  if (cause instanceof Error && cause.stack !== undefined) error.stack = `${error.message}\n${cause.stack}`;
  return error;
}

function assertProven(report: ContractReport, required: NonNullable<ContractOptions['require']>): void {
  if (required === 'nothing') return;
  const statuses = new Map(report.results.map(({ id, status }) => [id, status]));
  const shown = report.unproven.map((id) => `${id} (${statuses.get(id)})`).join(', ');
  const seen = `${report.level ?? 'no level'} was proven; not passed: ${shown === '' ? 'none' : shown}`;
  if (required === 'claimed') {
    assert.ok(report.unproven.length === 0, `expected what the driver claims (${report.claimed}), saw that ${seen}`);
  } else {
    const reached = report.level === undefined ? -1 : CONFORMANCE_LEVELS.indexOf(report.level);
    assert.ok(reached >= CONFORMANCE_LEVELS.indexOf(required), `expected ${required}, saw that ${seen}`);
  }
}

/** What the closing of the probe failed with. */
async function closeQuietly(driver: PersistenceDriver): Promise<Error | undefined> {
  try {
    await driver.close();
    return undefined;
  } catch (error) {
    return new Error('expected a driver that was never opened to close', { cause: error });
  }
}
