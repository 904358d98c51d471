import { describe, expect, it } from 'vitest';
import { AccountLocks } from '../../../src/drivers/base/account-locks.js';
import { deferred } from '../keyv/support.js';
import { manualOperation } from './manual-operation.js';

describe('AccountLocks', () => {
  it('lets readers in together, and a writer alone, in the order of their calls', async () => {
    const locks = new AccountLocks();
    const { operation: running } = manualOperation();
    const gates = Array.from({ length: 5 }, deferred);
    const log: string[] = [];
    const held = (mode: 'shared' | 'exclusive', index: number): Promise<void> =>
      locks[mode]('a', running, async () => {
        log.push(`${index}+`);
        await gates[index]?.promise;
        log.push(`${index}-`);
      });
    const all = [held('shared', 0), held('shared', 1), held('exclusive', 2), held('shared', 3), held('shared', 4)];
    await locks.exclusive('b', running, async () => undefined);
    expect(log).toEqual(['0+', '1+']);
    for (const index of [1, 0, 2, 4, 3]) {
      gates[index]?.resolve();
      await all[index];
    }
    expect(log).toEqual(['0+', '1+', '1-', '0-', '2+', '2-', '3+', '4+', '4-', '3-']);
  });

  it('lets go of a reader that was given up, and holds a writer until its work has settled', async () => {
    const locks = new AccountLocks();
    const reader = manualOperation();
    const reading = locks.shared('a', reader.operation, () => deferred().promise);
    const waiter = manualOperation();
    const waiting = locks.exclusive('a', waiter.operation, async () => undefined);
    waiter.end();
    await expect(waiting).rejects.toThrow();
    reader.end();
    await expect(reading).rejects.toThrow();

    const writer = manualOperation();
    const gate = deferred();
    const writing = locks.exclusive('a', writer.operation, () => gate.promise);
    writer.end();
    let read = false;
    const next = locks.shared('a', manualOperation().operation, async () => {
      read = true;
    });
    await new Promise((resolve) => setImmediate(resolve));
    expect(read).toBe(false);
    gate.resolve();
    await Promise.all([writing, next]);
    expect(read).toBe(true);
    await expect(locks.exclusive('a', writer.operation, async () => undefined)).rejects.toThrow();
    await locks.exclusive('a', manualOperation().operation, async () => undefined);
  });

  it('calls the work at once where nobody holds the name, and is held already when it does', async () => {
    const locks = new AccountLocks();
    const log: string[] = [];
    let inner: Promise<void> | undefined;
    const outer = locks.inTurn('a', manualOperation().operation, async () => {
      log.push('outer+');
      inner = locks.inTurn('a', manualOperation().operation, async () => void log.push('inner'));
      await Promise.resolve();
      log.push('outer-');
    });
    expect(log).toEqual(['outer+']);
    await outer;
    await inner;
    expect(log).toEqual(['outer+', 'outer-', 'inner']);
  });

  it('lets the next one in when the one whose turn it is gives up, or its work throws', async () => {
    const locks = new AccountLocks();
    const { operation: hung, end: abort } = manualOperation();
    const hanging = locks.inTurn('a', hung, () => deferred().promise);
    hanging.catch(() => undefined);
    const next = locks.inTurn('a', manualOperation().operation, async () => 'next');
    abort();
    expect(await next).toBe('next');
    expect(await locks.inTurn('a', manualOperation().operation, async () => 'later')).toBe('later');
    const broken = locks.inTurn('a', manualOperation().operation, () => {
      throw new Error('broken');
    });
    await expect(broken).rejects.toThrow('broken');
    expect(await locks.inTurn('a', manualOperation().operation, async () => 'last')).toBe('last');
  });

  it('goes past one that hangs and was given up before', async () => {
    const locks = new AccountLocks();
    const { operation: hung, end: abort } = manualOperation();
    locks.inTurn('a', hung, () => deferred().promise).catch(() => undefined);
    abort();
    expect(await locks.inTurn('a', manualOperation().operation, async () => 'next')).toBe('next');
  });
});
