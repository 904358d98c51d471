import { afterEach, describe, expect, it, vi } from 'vitest';
import { systemClock } from '../../../src/core/shared/clock.js';

describe('systemClock', () => {
  afterEach(() => {
    vi.useRealTimers();
  });

  it('never fires at once for a delay that is longer than a timer can be', () => {
    vi.useFakeTimers();
    const fired = vi.fn();
    const timer = systemClock.setTimeout(fired, 2 ** 31 + 5);
    vi.advanceTimersByTime(60_000);
    expect(fired).not.toHaveBeenCalled();
    vi.advanceTimersByTime(2 ** 31);
    expect(fired).toHaveBeenCalledOnce();
    timer.cancel();
  });

  it('tells the time of the machine', () => {
    vi.useFakeTimers({ now: 5_000 });
    expect(systemClock.now()).toBe(5_000);
    const before = systemClock.monotonic();
    vi.advanceTimersByTime(7);
    expect(systemClock.monotonic() - before).toBe(7);
  });
});
