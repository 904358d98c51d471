import assert, { AssertionError } from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { PersistenceDriver } from '../../src/core/persistence-driver.js';
import type { Clause } from './clause.js';
import { ClauseScope } from './clause-scope.js';
import { contractClauses } from './clauses.js';
import { show } from './expectations.js';
import { type SubjectFacts, unmetNeed } from './needs.js';
import type { ContractReport } from './report.js';
import { type ClauseResult, CONFORMANCE_LEVELS, type ConformanceLevel, contractReport } from './report.js';
import type { ContractSubject } from './subject.js';

/** The functions that the suite uses of a test runner. vitest, node:test, Jest and mocha have it. */
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
   * @default 60_000
   */
  readonly clauseTimeoutMs?: number;
  /**
   * Milliseconds that an operation is given against a backend that was stopped or paused. The driver has five times as
   * long to settle it, for a busy machine, and 40 times as long to settle one that was given no deadline.
   *
   * @default 500
   */
  readonly outageDeadlineMs?: number;
  /** The seed of generated ids and values; a failure names it. @default 1 */
  readonly seed?: number;
  /**
   * The level that the last test requires: all that the driver claims (which takes every fault and a
   * `module`), all of it that needs no fault (`fair-weather`), at least a level, or nothing: what was proven is then only
   * told, through `onReport`.
   *
   * @default 'nothing'
   */
  readonly require?: 'claimed' | 'fair-weather' | ConformanceLevel | 'nothing';
  /** The ids of the only clauses to run; the others are not registered, and remain unproven. @default all */
  readonly only?: readonly string[];
  /** Called for each clause when it has settled; for one that is skipped, when it is registered. */
  readonly onResult?: (result: ClauseResult) => void;
  /** Called by the last test. */
  readonly onReport?: (report: ContractReport) => void;
}

/** The name of the last test, by what it requires. */
const LEVEL_TESTS = {
  nothing: 'conformance level is reported',
  claimed: 'conformance level is at least the claimed one',
  'fair-weather': 'conformance level in fair weather is the claimed one',
  basic: 'conformance level is at least basic',
  durable: 'conformance level is at least durable',
  atomic: 'conformance level is at least atomic',
  safe: 'conformance level is at least safe',
} as const;

/**
 * Registers a test for each clause of the driver contract, by group, and a last one for the conformance level. A clause
 * that the driver does not claim, or that the subject has no means to test, is registered as skipped, with the reason in
 * its name; one of which a part cannot be tested says so in its name, and stays unproven. The tests run one after the
 * other.
 *
 * Calls `subject.createDriver` once, to read the capabilities, and closes that driver without opening it.
 */
export function runDriverContract(
  { describe, it }: ContractRunner,
  subject: ContractSubject,
  options: ContractOptions = {},
): void {
  const { clauseTimeoutMs = 60_000, outageDeadlineMs = 500, seed = 1, require: required = 'nothing' } = options;
  const { only, onResult, onReport } = options;
  const probe = subject.createDriver();
  const probeClosed = closeQuietly(probe);
  const { capabilities } = probe;
  const facts: SubjectFacts = {
    subject,
    capabilities,
    forget: probe.forget !== undefined,
    watch: probe.watch !== undefined,
  };
  const run = randomUUID().slice(0, 8);
  const selected = contractClauses.filter(({ id }) => only?.includes(id) ?? true);
  const results = new Map<string, ClauseResult>(
    contractClauses.map(({ id }) => [id, { id, status: 'not run', reason: 'it did not run', ms: 0 }]),
  );
  const note = (result: ClauseResult): void => {
    results.set(result.id, result);
    onResult?.(result);
  };

  // A runner whose own limit struck goes on to the next test while the clause is still putting the backend in order.
  let ended: Promise<void> = Promise.resolve();
  const inTurn = (test: () => Promise<void>): Promise<void> => {
    const run = ended.then(test);
    ended = run.catch(() => undefined);
    return run;
  };

  const register = (clause: Clause): void => {
    const { id, title, needs, partNeeds = [] } = clause;
    const unmet = unmetNeed(needs, facts);
    if (unmet !== undefined) {
      const { kind: status, reason, missing } = unmet;
      note({ id, status, reason, ...(missing.length > 0 && { missing }), ms: 0 });
      it.skip(`${id} ${title} (skipped: ${unmet.reason})`, async () => undefined);
      return;
    }
    const unmetPart = unmetNeed(partNeeds, facts);
    const passed: Pick<ClauseResult, 'status' | 'reason' | 'missing'> =
      unmetPart === undefined
        ? { status: 'passed' }
        : { status: 'partial', reason: unmetPart.reason, missing: unmetPart.missing };
    it(`${id} ${title}${unmetPart === undefined ? '' : ` (partly skipped: ${unmetPart.reason})`}`, () =>
      inTurn(async () => {
        const scope = new ClauseScope({ subject, capabilities, clauseId: id, run, seed, deadlineMs: outageDeadlineMs });
        const startedAt = performance.now();
        const elapsed = (): number => Math.round(performance.now() - startedAt);
        try {
          await runClause(clause, scope, { clauseTimeoutMs, seed });
        } catch (error) {
          note({ id, status: 'failed', ms: elapsed(), error: error instanceof Error ? error.message : String(error) });
          throw error;
        }
        note({ id, ...passed, ms: elapsed() });
      }));
  };

  describe(`driver contract: ${subject.name}`, () => {
    for (const group of new Set(selected.map((clause) => clause.group))) {
      describe(group, () => {
        for (const clause of selected) if (clause.group === group) register(clause);
      });
    }
    it(LEVEL_TESTS[required], async () => {
      const report = contractReport(subject.name, capabilities, [...results.values()]);
      onReport?.(report);
      const closeError = await probeClosed;
      if (closeError !== undefined) throw closeError;
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

function failure({ id, title }: Clause, { subject, prefix, calls }: ClauseScope, seed: number, cause: unknown): Error {
  const call = calls.callThatThrew(cause);
  const isUnexpected = call !== undefined && !(cause instanceof AssertionError);
  const seen = isUnexpected || !(cause instanceof Error) ? show(cause) : cause.message;
  const what = isUnexpected ? `expected that the call succeeds, saw ${seen}` : seen;
  const thrown = call === undefined ? '' : `\n  thrown by ${call}`;
  const where = `(driver ${subject.name}, seed ${seed}, prefix ${prefix})`;
  const error = new Error(`${id} ${title}\n  ${what}${thrown}\n  ${where}`, { cause });
  error.name = 'ContractError';
  if (cause instanceof Error && cause.stack !== undefined) error.stack = `${error.message}\n${cause.stack}`;
  return error;
}

function assertProven(report: ContractReport, required: NonNullable<ContractOptions['require']>): void {
  if (required === 'nothing') return;
  const statuses = new Map(report.results.map(({ id, status }) => [id, status]));
  const shown = report.unproven.map((id) => `${id} (${statuses.get(id)})`).join(', ');
  const seen = `${report.level ?? 'no level'} was proven; not passed: ${shown === '' ? 'none' : shown}`;
  if (required === 'fair-weather') {
    const fair = `${report.fairWeather ?? 'no level'} was proven in fair weather`;
    assert.ok(report.fairWeather === report.claimed, `expected ${report.claimed}, saw that ${fair}, and ${seen}`);
  } else if (required === 'claimed') {
    assert.ok(report.unproven.length === 0, `expected what the driver claims (${report.claimed}), saw that ${seen}`);
  } else {
    const reached = report.level === undefined ? -1 : CONFORMANCE_LEVELS.indexOf(report.level);
    assert.ok(reached >= CONFORMANCE_LEVELS.indexOf(required), `expected ${required}, saw that ${seen}`);
  }
}

/** The error with which the probe failed to close. */
async function closeQuietly(driver: PersistenceDriver): Promise<Error | undefined> {
  try {
    await driver.close();
    return undefined;
  } catch (error) {
    return new Error('expected a driver that was never opened to close', { cause: error });
  }
}
