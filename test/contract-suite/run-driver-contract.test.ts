import { describe, expect, it } from 'vitest';
import type { PersistenceDriver } from '../../src/core/persistence-driver.js';
import { MemoryDriver } from '../../src/drivers/memory/driver.js';
import {
  type ClauseResult,
  type ClauseStatus,
  type ContractFaults,
  type ContractOptions,
  type ContractReport,
  type ContractSubject,
  contractClauses,
  runDriverContract,
} from '../contract/index.js';
import { WrappedDriver } from '../support/saboteurs/wrapped-driver.js';
import { memorySubject } from './subjects/memory-subject.js';
import { remoteMemorySubject } from './subjects/remote-memory.js';
import { type TinyResult, TinyRunner } from './tiny-runner.js';

const LEVEL_TEST = 'conformance level';

interface Run {
  readonly results: readonly TinyResult[];
  readonly groups: readonly string[];
  readonly report: ContractReport | undefined;
}

async function run(subject: ContractSubject, options: ContractOptions = {}): Promise<Run> {
  const runner = new TinyRunner();
  let report: ContractReport | undefined;
  const onReport = (made: ContractReport): void => {
    report = made;
  };
  runDriverContract(runner, subject, { onReport, ...options });
  return { results: await runner.run(), groups: runner.groups, report };
}

function resultOf(results: readonly TinyResult[], id: string): TinyResult | undefined {
  return results.find(({ name }) => name.startsWith(`${id} `));
}

describe('runDriverContract', () => {
  it('registers each clause once, in its group, and the level last', async () => {
    const { results, groups } = await run(memorySubject('memory'));
    const ids = results.map(({ name }) => name.split(' ')[0]);
    expect(ids).toEqual([...contractClauses.map(({ id }) => id), 'conformance']);
    expect(new Set(ids).size).toBe(ids.length);
    const names = new Set(contractClauses.map(({ group }) => group));
    const suite = 'driver contract: memory';
    expect(groups).toEqual([suite, ...Array.from(names, (name) => `${suite} > ${name}`)]);
  });

  it('asks for no larger commits than the driver takes', async () => {
    class TinyDriver extends MemoryDriver {
      override readonly limits = { keyBytes: 1024, valueBytes: 64 * 1024, batchBytes: 96 * 1024, batchRecords: 100 };
    }
    const only = ['RT2', 'KE1', 'AC1', 'OR4', 'FA1'];
    const { results } = await run(memorySubject('tiny', undefined, TinyDriver), { only });
    for (const id of only) expect(resultOf(results, id)).toMatchObject({ status: 'passed' });
  });

  it('skips what is not claimed, and what there are no means for, with the reason in the name', async () => {
    const { name, createDriver } = memorySubject('memory');
    const { results, report } = await run({ name, createDriver }, { only: ['RT5', 'CO1'] });
    expect(resultOf(results, 'RT5')).toMatchObject({ status: 'skipped' });
    expect(resultOf(results, 'RT5')?.name).toMatch(/\(skipped: the driver does not claim durability process\)$/);
    expect(resultOf(results, 'CO1')?.name).toMatch(/\(skipped: the subject has no faults\.raw\)$/);
    expect(report?.level).toBeUndefined();
    expect(report?.unproven).toContain('CO1');
  });

  it('tests what it can of a clause, says what it has skipped, and leaves the clause unproven', async () => {
    const { faults: { pause: _pause, resume: _resume, ...faults } = {}, ...subject } = remoteMemorySubject('remote');
    const { results, report } = await run({ ...subject, faults }, { outageDeadlineMs: 100, only: ['CL1'] });
    const closing = resultOf(results, 'CL1');
    expect(closing?.status).toBe('passed');
    expect(closing?.name).toMatch(/\(partly skipped: the subject has no faults\.pause and resume\)$/);
    const result = report?.results.find(({ id }) => id === 'CL1');
    expect(result).toMatchObject({ status: 'partial', reason: 'the subject has no faults.pause and resume' });
    expect(report?.unproven).toContain('CL1');
    expect(report?.level).toBeUndefined();
  });

  it('ends the faults of a clause that has run into its limit', async () => {
    const backends = new Set<string>();
    class Stuck extends WrappedDriver {
      override close(): Promise<void> {
        return backends.has('paused') ? new Promise(() => undefined) : super.close();
      }
    }
    const subject = remoteMemorySubject('stuck', (driver) => new Stuck(driver));
    const faults = {
      ...subject.faults,
      pause: async () => void backends.add('paused'),
      resume: async () => void backends.delete('paused'),
    };
    // The limit of the clause comes before that of its closes.
    const options = { clauseTimeoutMs: 50, outageDeadlineMs: 10_000, only: ['CL1', 'CL2'] };
    const { results } = await run({ ...subject, faults }, options);
    expect(resultOf(results, 'CL1')?.status).toBe('failed');
    expect(resultOf(results, 'CL2')?.status).toBe('passed');
    expect(backends.size).toBe(0);
  });

  it('reports for each clause what became of it, as soon as it has settled', async () => {
    const seen: ClauseResult[] = [];
    class Undropped extends WrappedDriver {
      override async drop(): Promise<never> {
        throw new Error('broken');
      }
    }
    const subject = memorySubject('undropped', (driver) => new Undropped(driver));
    const options = { only: ['RT1', 'RT5', 'DE4'], onResult: (result: ClauseResult) => void seen.push(result) };
    const { results, report } = await run(subject, options);
    expect(results.map(({ name }) => name.split(' ')[0])).toEqual(['RT1', 'RT5', 'DE4', 'conformance']);
    expect(seen).toEqual([
      { id: 'RT5', status: 'not claimed', reason: 'the driver does not claim durability process', ms: 0 },
      { id: 'RT1', status: 'passed', ms: expect.any(Number) },
      { id: 'DE4', status: 'failed', ms: expect.any(Number), error: expect.stringMatching(/^DE4 /) },
    ]);
    expect(report?.results.filter(({ status }) => status !== 'not run')).toHaveLength(seen.length);
    expect(report?.results).toHaveLength(contractClauses.length);
    expect(report?.unproven).toContain('IS1');
  });

  it('tests nothing that the driver does not claim', async () => {
    class Modest extends WrappedDriver {
      override readonly capabilities = { ...this.inner.capabilities, atomicCommit: false, conditionalCommit: false };
    }
    const subject = memorySubject('modest', (driver) => new Modest(driver));
    const { results, report } = await run(
      { ...subject, module: fixture('memory-module.ts'), execArgv: TSX },
      { require: 'claimed' },
    );
    for (const { id, needs } of contractClauses) {
      const claims = needs.includes('atomicCommit') || needs.includes('conditionalCommit');
      if (claims) expect(resultOf(results, id)?.status).toBe('skipped');
    }
    expect(report).toMatchObject({ level: 'basic', claimed: 'basic', unproven: [] });
    expect(resultOf(results, LEVEL_TEST)?.status).toBe('passed');
  });

  it('says which clause failed, what was expected and seen, and the seed', async () => {
    class Empty extends WrappedDriver {
      override async load(): Promise<undefined> {}
    }
    const { results } = await run(
      memorySubject('broken', (driver) => new Empty(driver)),
      { seed: 42, only: ['RT1'] },
    );
    const failed = resultOf(results, 'RT1');
    expect(failed?.status).toBe('failed');
    expect(failed?.error?.message).toMatch(/^RT1 /);
    expect(failed?.error?.message).toContain('expected');
    expect(failed?.error?.message).toContain('driver broken');
    expect(failed?.error?.message).toContain('seed 42');
  });

  it('names the call in which the driver threw, whether that was expected or not', async () => {
    class Broken extends WrappedDriver {
      override async load(): Promise<never> {
        throw new TypeError('no such column: é');
      }
    }
    const { results } = await run(
      memorySubject('broken', (driver) => new Broken(driver)),
      { only: ['RT1', 'FA2', 'KE3'] },
    );
    const messageOf = (id: string): string => resultOf(results, id)?.error?.message ?? '';
    expect(messageOf('RT1')).toContain("saw TypeError (no such column: \\u00e9)\n  thrown by load('");
    expect(messageOf('RT1')).toMatch(/load\('\S+'\), call \d+ of the clause, by driver 1\n/);
    expect(messageOf('KE3')).toMatch(/load\(''\), call \d+ of the clause, by driver 1\n/);
  });

  it('shows texts escaped, so that those that look alike can be told apart, and where long ones differ', async () => {
    class Normalising extends WrappedDriver {
      override async load(...args: Parameters<PersistenceDriver['load']>): ReturnType<PersistenceDriver['load']> {
        const stored = await super.load(...args);
        const records = Array.from(stored?.records ?? [], ([key, value]): [string, string] => [
          key,
          value.length > 1000 ? `${value.slice(0, -1)}?` : value.normalize('NFC'),
        ]);
        return stored && { ...stored, records: new Map(records) };
      }
    }
    const { results } = await run(
      memorySubject('normalising', (driver) => new Normalising(driver)),
      { only: ['KE1', 'SC1', 'FA7'] },
    );
    expect(resultOf(results, 'KE1')?.error?.message).toContain('e\\u0301');
    expect(resultOf(results, 'FA7')?.error?.message).toMatch(/expected '[^']*' from character \d+ on, saw '\?'/);
  });

  it('reaches the claimed level in fair weather without a fault, and names what is missing for the rest', async () => {
    const { name, createDriver } = memorySubject('memory');
    const subject = { name, createDriver, module: fixture('memory-module.ts'), execArgv: TSX };
    const { results, report } = await run(subject, { require: 'fair-weather' });
    expect(report).toMatchObject({ level: undefined, fairWeather: 'basic', claimed: 'basic' });
    expect(report?.missing).toEqual(expect.arrayContaining(['faults.raw', 'faults.failReads']));
    expect(report?.missing).not.toContain('module');
    expect(results.at(-1)?.status).toBe('passed');
  });

  it('asks for read rights alone where the backend is outside of the process, unless they are not claimed', async () => {
    const withAccess = async (
      { faults: { readOnly: _readOnly, missing: _missing, ...faults } = {}, ...subject }: ContractSubject,
      access: ContractFaults,
    ): Promise<ClauseStatus | undefined> => {
      const { report } = await run({ ...subject, faults: { ...faults, ...access } }, { only: ['OP1'] });
      return report?.results.find(({ id }) => id === 'OP1')?.status;
    };
    const [near, far] = [memorySubject('near'), remoteMemorySubject('far')];
    const { readOnly = false, missing = false } = near.faults ?? {};
    expect(await withAccess(near, {})).toBe('not claimed');
    expect(await withAccess(far, {})).toBe('no means');
    expect(await withAccess(far, { readOnly: false })).toBe('not claimed');
    expect(await withAccess(near, { readOnly })).toBe('partial');
    expect(await withAccess(near, { readOnly, missing: false })).toBe('passed');
    expect(await withAccess(near, { readOnly, missing })).toBe('passed');
  });

  it('closes every driver that it made, those of failed clauses too', async () => {
    const open = new Set<PersistenceDriver>();
    class Counted extends WrappedDriver {
      constructor(inner: PersistenceDriver) {
        super(inner);
        open.add(this);
      }

      override async close(): Promise<void> {
        await super.close();
        open.delete(this);
      }

      override async drop(): Promise<never> {
        throw new Error('broken');
      }
    }
    const { results } = await run(memorySubject('counted', (driver) => new Counted(driver)));
    expect(resultOf(results, 'DE4')?.status).toBe('failed');
    expect(open.size).toBe(0);
  });

  it('limits the time of a clause, and goes on with the next one', async () => {
    class Stuck extends WrappedDriver {
      override commit(): Promise<never> {
        return new Promise(() => undefined);
      }
    }
    const { results } = await run(
      memorySubject('stuck', (driver) => new Stuck(driver)),
      { clauseTimeoutMs: 20 },
    );
    expect(resultOf(results, 'RT1')?.status).toBe('failed');
    expect(resultOf(results, 'CL2')?.status).toBe('failed');
    expect(results).toHaveLength(contractClauses.length + 1);
  });

  it('works with the same generated data for the same seed, and other names in each run', async () => {
    const seen = async (seed: number): Promise<readonly string[]> => {
      const ids: string[] = [];
      class Recorder extends WrappedDriver {
        override load(accountId: string): ReturnType<PersistenceDriver['load']> {
          if (typeof accountId === 'string' && accountId.length <= 8) ids.push(accountId);
          return super.load(accountId);
        }
      }
      await run(
        memorySubject('recorder', (driver) => new Recorder(driver)),
        { seed, only: ['KE2'] },
      );
      return ids;
    };
    const first = await seen(7);
    expect(await seen(7)).toEqual(first);
    expect(await seen(8)).not.toEqual(first);
  });

  it('can run twice on one backend', { timeout: 120_000 }, async () => {
    const subject = memorySubject('memory');
    const first = await run(subject);
    const second = await run(subject);
    for (const { results } of [first, second]) expect(results.filter(({ status }) => status === 'failed')).toEqual([]);
  });

  it('reports a driver that cannot be closed without having been opened', async () => {
    let made = 0;
    class Unclosable extends WrappedDriver {
      readonly #number: number;

      constructor(inner: PersistenceDriver) {
        super(inner);
        made += 1;
        this.#number = made;
      }

      override async close(): Promise<void> {
        if (this.#number === 1) throw new Error('not open');
        await super.close();
      }
    }
    const { results } = await run(
      memorySubject('unclosable', (driver) => new Unclosable(driver)),
      { only: ['RT1'] },
    );
    expect(resultOf(results, LEVEL_TEST)?.status).toBe('failed');
  });

  it('requires nothing of the level, unless it is told to', async () => {
    const createDriver = (): PersistenceDriver => new MemoryDriver();
    const level = async (options: ContractOptions): Promise<string | undefined> =>
      resultOf((await run({ name: 'memory', createDriver }, { only: ['RT1'], ...options })).results, LEVEL_TEST)
        ?.status;
    expect(await level({})).toBe('passed');
    expect(await level({ require: 'basic' })).toBe('failed');
    expect(await level({ require: 'claimed' })).toBe('failed');
  });
});

const TSX = ['--import', 'tsx'];

function fixture(name: string): URL {
  return new URL(`./fixtures/${name}`, import.meta.url);
}
