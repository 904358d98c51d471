import fc from 'fast-check';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { systemClock } from '../../../src/core/shared/clock.js';
import { Deadlines, type Expiring } from '../../../src/core/shared/deadlines.js';
import { FakeClock } from '../../support/fake-clock.js';

afterEach(() => {
  vi.useRealTimers();
});

function setUp(): {
  readonly clock: FakeClock;
  readonly deadlines: Deadlines<Expiring>;
  readonly expired: [name: string, atMs: number][];
  readonly add: (name: string, timeoutMs: number, onExpire?: () => void) => Expiring;
} {
  const clock = new FakeClock();
  const deadlines = new Deadlines<Expiring>(clock);
  const expired: [string, number][] = [];
  const add = (name: string, timeoutMs: number, onExpire?: () => void): Expiring => {
    const expiring = {
      expire: () => {
        expired.push([name, clock.monotonic()]);
        onExpire?.();
      },
    };
    deadlines.add(expiring, timeoutMs);
    return expiring;
  };
  return { clock, deadlines, expired, add };
}

describe('Deadlines', () => {
  it('expire in time whatever the order of their coming, and those that were taken away never', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ afterMs: fc.nat(20), timeoutMs: fc.nat(50), takenAfterMs: fc.option(fc.nat(60)) })),
        async (things) => {
          const { clock, deadlines, expired, add } = setUp();
          const expected: [string, number][] = [];
          for (const [index, { afterMs, timeoutMs, takenAfterMs }] of things.entries()) {
            await clock.advance(afterMs);
            const expiring = add(`${index}`, timeoutMs);
            const dueMs = clock.monotonic() + timeoutMs;
            if (takenAfterMs === null || takenAfterMs >= timeoutMs) expected.push([`${index}`, dueMs]);
            else clock.setTimeout(() => void deadlines.delete(expiring), takenAfterMs);
          }
          await clock.advance(1_000);
          const byName = ([left]: [string, number], [right]: [string, number]): number => Number(left) - Number(right);
          expect(expired.toSorted(byName)).toEqual(expected);
          expect([...deadlines.all()]).toEqual([]);
          expect(clock.armed).toBe(0);
        },
      ),
    );
  });

  it('set one timer for any number of them, and none for none', () => {
    const { clock, deadlines, add } = setUp();
    const all = Array.from({ length: 10 }, (_, index) => add(`${index}`, 100 + index));
    expect(clock.timersSet).toBe(1);
    for (const expiring of all) expect(deadlines.delete(expiring)).toBe(true);
    expect(clock.armed).toBe(0);
    expect(all.some((expiring) => deadlines.delete(expiring))).toBe(false);
  });

  it('spare one that another takes away while it expires, and keep one that comes then', async () => {
    const { clock, deadlines, expired, add } = setUp();
    add('first', 10, () => {
      deadlines.delete(second);
      add('third', 5);
    });
    const second = add('second', 10);
    await clock.advance(100);
    expect(expired).toEqual([
      ['first', 10],
      ['third', 15],
    ]);
  });

  it('expire when a timer fires a fraction early', () => {
    let nowMs = 0;
    let fire = (): void => undefined;
    const clock = {
      now: () => nowMs,
      monotonic: () => nowMs,
      setTimeout: (callback: () => void) => {
        fire = callback;
        return { cancel: () => undefined };
      },
    };
    const deadlines = new Deadlines<Expiring>(clock);
    const expire = vi.fn();
    deadlines.add({ expire }, 10);
    nowMs = 9.7;
    fire();
    expect(expire).toHaveBeenCalledOnce();
  });

  it('expire behind the timers of others when the process stood still, and in two steps however many there are', () => {
    let nowMs = 0;
    const timers = new Set<() => void>();
    const clock = {
      now: () => nowMs,
      monotonic: () => nowMs,
      setTimeout: (callback: () => void) => {
        timers.add(callback);
        return { cancel: () => void timers.delete(callback) };
      },
    };
    const deadlines = new Deadlines<Expiring>(clock);
    const log: string[] = [];
    for (const timeoutMs of [10, 30, 40]) deadlines.add({ expire: () => log.push(`${timeoutMs}`) }, timeoutMs);
    clock.setTimeout(() => log.push('the timer of another, for 20'));
    nowMs = 1_000;
    // A set goes on with what is added meanwhile.
    for (const timer of timers) {
      timers.delete(timer);
      timer();
    }
    expect(log).toEqual(['10', 'the timer of another, for 20', '30', '40']);
  });

  it('go on in real time when fake timers held one that was left', async () => {
    const deadlines = new Deadlines<Expiring>(systemClock);
    vi.useFakeTimers();
    deadlines.add({ expire: () => undefined }, 0);
    vi.useRealTimers();
    await new Promise<void>((expire) => deadlines.add({ expire }, 1));
  });
});
