import type { DriverCapabilities } from '../../src/core/persistence-driver.js';
import type { ClauseGroup, ContractClause } from './clause.js';
import { contractClauses } from './clauses.js';

/** The conformance levels, each of which includes those before it. */
export const CONFORMANCE_LEVELS = ['basic', 'durable', 'atomic', 'safe'] as const;

/**
 * The level that was proven. `basic`: round trip, isolation, keys, deletes, failures, close. `durable`: what was acknowledged
 * survives SIGKILL, too. `atomic`: a commit is stored wholly or not at all, too. `safe`: every clause, conditional
 * commit included; it is the level that the library's promise needs.
 */
export type ConformanceLevel = (typeof CONFORMANCE_LEVELS)[number];

/**
 * The result of a clause. `partial`: the testable parts have passed, and others were skipped. `not claimed`
 * and `no means` were skipped: the driver promises nothing of it; there was nothing to test it with.
 */
export type ClauseStatus = 'passed' | 'partial' | 'failed' | 'not claimed' | 'no means' | 'not run';

/** How a clause went. */
export interface ClauseResult {
  readonly id: string;
  readonly status: ClauseStatus;
  /** Why it was skipped, or a part of it was. */
  readonly reason?: string;
  /** The names of the faults, or `module`, that the subject lacked for all of it to be tested. */
  readonly missing?: readonly string[];
  /** Milliseconds that it took; 0 when it was skipped. */
  readonly ms: number;
  /** The expected value and the received one, of a clause that failed. */
  readonly error?: string;
}

/** The part of a result that levels are judged by. */
export type ClauseVerdict = Pick<ClauseResult, 'id' | 'status' | 'missing'>;

/** How a run of the suite went. */
export interface ContractReport {
  /** The subject's name. */
  readonly subject: string;
  readonly capabilities: DriverCapabilities;
  readonly results: readonly ClauseResult[];
  /** The level that was proven; `undefined` when not even `basic` was. */
  readonly level: ConformanceLevel | undefined;
  /** The level that would be proven if missing faults are not counted, see {@link fairWeatherLevel}. */
  readonly fairWeather: ConformanceLevel | undefined;
  /** The names of the faults, or `module`, that the subject lacks for every clause to be tested. */
  readonly missing: readonly string[];
  /** The level that the capabilities claim. */
  readonly claimed: ConformanceLevel;
  /** The clauses that have something to test of what the driver claims, and have not passed. */
  readonly unproven: readonly string[];
}

const BASIC_GROUPS: ReadonlySet<ClauseGroup> = new Set([
  'round trip',
  'isolation',
  'keys',
  'deletes',
  'failures',
  'close',
]);

/** The level that a clause belongs to: the first one that cannot be reached without it. */
export function levelOf({ needs, group }: ContractClause): ConformanceLevel {
  if (needs.includes('conditionalCommit')) return 'safe';
  if (needs.includes('atomicCommit')) return 'atomic';
  if (needs.includes('durability process') || needs.includes('durability host')) return 'durable';
  return BASIC_GROUPS.has(group) ? 'basic' : 'safe';
}

/** The highest level that the capabilities amount to. */
export function claimedLevel(capabilities: DriverCapabilities): ConformanceLevel {
  return CONFORMANCE_LEVELS.findLast((_, index) => isClaimedUpTo(index, capabilities)) ?? 'basic';
}

/**
 * The highest level that a driver reaches: it passes every clause that its capabilities bring in at that level and
 * below. A clause that was skipped for want of means, in part or wholly, counts as not passed.
 */
export function conformanceLevel(
  capabilities: DriverCapabilities,
  results: readonly ClauseVerdict[],
): ConformanceLevel | undefined {
  const open = new Set(notPassed(results).map(levelOf));
  return CONFORMANCE_LEVELS.findLast((_, index) => {
    const reached = CONFORMANCE_LEVELS.slice(0, index + 1);
    return isClaimedUpTo(index, capabilities) && reached.every((level) => !open.has(level));
  });
}

/**
 * The conformance level of a backend that works: the highest one of which every clause has passed, as far as there were
 * means to test it without a fault. It says nothing about a driver whose backend fails.
 */
export function fairWeatherLevel(
  capabilities: DriverCapabilities,
  results: readonly ClauseVerdict[],
): ConformanceLevel | undefined {
  const isExcused = ({ status, missing = [] }: ClauseVerdict): boolean =>
    (status === 'no means' || status === 'partial') && missing.every((each) => each.startsWith('faults.'));
  const excused = results.map((result) => (isExcused(result) ? { id: result.id, status: 'passed' as const } : result));
  return conformanceLevel(capabilities, excused);
}

/** The report on a run. */
export function contractReport(
  subject: string,
  capabilities: DriverCapabilities,
  results: readonly ClauseResult[],
): ContractReport {
  return {
    subject,
    capabilities,
    results,
    level: conformanceLevel(capabilities, results),
    fairWeather: fairWeatherLevel(capabilities, results),
    missing: [...new Set(results.flatMap(({ missing = [] }) => missing))],
    claimed: claimedLevel(capabilities),
    unproven: notPassed(results).map(({ id }) => id),
  };
}

function notPassed(results: readonly ClauseVerdict[]): readonly ContractClause[] {
  const statuses = new Map(results.map(({ id, status }) => [id, status]));
  return contractClauses.filter(({ id }) => {
    const status = statuses.get(id);
    return status !== 'passed' && status !== 'not claimed';
  });
}

function isClaimedUpTo(index: number, capabilities: DriverCapabilities): boolean {
  return CONFORMANCE_LEVELS.slice(0, index + 1).every((level) => isClaimed(level, capabilities));
}

function isClaimed(level: ConformanceLevel, capabilities: DriverCapabilities): boolean {
  switch (level) {
    case 'basic':
      return true;
    case 'durable':
      return capabilities.durability !== 'none';
    case 'atomic':
      return capabilities.atomicCommit;
    case 'safe':
      return capabilities.conditionalCommit;
  }
}
