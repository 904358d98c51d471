import { describe, expect, it } from 'vitest';
import type { DriverCapabilities } from '../../src/core/persistence-driver.js';
import {
  type ClauseStatus,
  type ClauseVerdict,
  claimedLevel,
  conformanceLevel,
  contractClauses,
  fairWeatherLevel,
} from '../contract/index.js';

const SAFE: DriverCapabilities = {
  durability: 'host',
  atomicCommit: true,
  conditionalCommit: true,
  sharedAcrossProcesses: true,
};

/** All passed, but for these. */
function results(others: Readonly<Record<string, ClauseStatus>> = {}): readonly ClauseVerdict[] {
  return contractClauses.map(({ id }) => ({ id, status: others[id] ?? 'passed' }));
}

describe('claimedLevel', () => {
  it('is the last level whose capability, and those before it, are claimed', () => {
    expect(claimedLevel(SAFE)).toBe('safe');
    expect(claimedLevel({ ...SAFE, conditionalCommit: false })).toBe('atomic');
    expect(claimedLevel({ ...SAFE, atomicCommit: false })).toBe('durable');
    expect(claimedLevel({ ...SAFE, durability: 'none' })).toBe('basic');
  });
});

describe('conformanceLevel', () => {
  it('is safe when everything has passed that is claimed', () => {
    expect(conformanceLevel(SAFE, results())).toBe('safe');
    expect(conformanceLevel(SAFE, results({ DE5: 'not claimed' }))).toBe('safe');
  });

  it.each([
    ['CC3', 'atomic'],
    ['OR3', 'atomic'],
    ['CO1', 'atomic'],
    ['AC1', 'durable'],
    ['RT5', 'basic'],
    ['RT1', undefined],
    ['FA2', undefined],
    ['CL4', undefined],
  ] as const)('ends below the level that %s belongs to, unless that has passed', (id, level) => {
    for (const status of ['failed', 'partial', 'no means', 'not run'] as const) {
      expect(conformanceLevel(SAFE, results({ [id]: status }))).toBe(level);
    }
  });

  it('is no higher than what is claimed', () => {
    expect(conformanceLevel({ ...SAFE, conditionalCommit: false }, results())).toBe('atomic');
    expect(conformanceLevel({ ...SAFE, durability: 'none' }, results())).toBe('basic');
  });

  it('counts a clause without a result as not passed', () => {
    expect(conformanceLevel(SAFE, results().slice(1))).toBeUndefined();
  });
});

describe('fairWeatherLevel', () => {
  const without = (status: ClauseStatus, ...missing: readonly string[]): readonly ClauseVerdict[] =>
    contractClauses.map(({ id }) => (id === 'FA2' ? { id, status, missing } : { id, status: 'passed' }));

  it('excuses what could not be tested for want of a fault', () => {
    for (const status of ['no means', 'partial'] as const) {
      const verdicts = without(status, 'faults.failReads', 'faults.stop and start');
      expect(conformanceLevel(SAFE, verdicts)).toBeUndefined();
      expect(fairWeatherLevel(SAFE, verdicts)).toBe('safe');
    }
  });

  it('excuses neither what has failed, nor what did not run, nor what a second process would have tested', () => {
    expect(fairWeatherLevel(SAFE, without('failed'))).toBeUndefined();
    expect(fairWeatherLevel(SAFE, without('not run'))).toBeUndefined();
    expect(fairWeatherLevel(SAFE, without('no means', 'faults.raw', 'module'))).toBeUndefined();
  });
});
