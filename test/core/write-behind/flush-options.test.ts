import { describe, expect, it } from 'vitest';
import { FLUSH_DEFAULTS, type FlushOptions, flushSettings } from '../../../src/core/write-behind/flush-options.js';

describe('flushSettings', () => {
  it('fills in every default', () => {
    expect(FLUSH_DEFAULTS).toEqual({
      debounceMs: 50,
      maxWaitMs: 250,
      commitTimeoutMs: 10_000,
      retryInitialMs: 100,
      retryMaxMs: 30_000,
      maxPendingAgeMs: 5_000,
    });
    expect(flushSettings()).toEqual({
      debounce: { debounceMs: 50, maxWaitMs: 250 },
      backoff: { initialMs: 100, maxMs: 30_000 },
      commitTimeoutMs: 10_000,
      maxPendingAgeMs: 5_000,
    });
  });

  it('takes what is given', () => {
    const given = {
      debounceMs: 1,
      maxWaitMs: 2,
      commitTimeoutMs: 3,
      retryInitialMs: 4,
      retryMaxMs: 5,
      maxPendingAgeMs: 6,
    };
    expect(flushSettings(given)).toEqual({
      debounce: { debounceMs: 1, maxWaitMs: 2 },
      backoff: { initialMs: 4, maxMs: 5 },
      commitTimeoutMs: 3,
      maxPendingAgeMs: 6,
    });
  });

  it('raises a bound that was not given to the value that it bounds', () => {
    expect(flushSettings({ debounceMs: 900 }).debounce.maxWaitMs).toBe(900);
    expect(flushSettings({ retryInitialMs: 60_000 }).backoff.maxMs).toBe(60_000);
  });

  it.each<FlushOptions>([
    { debounceMs: -1 },
    { debounceMs: Number.NaN },
    { debounceMs: Number.POSITIVE_INFINITY },
    { debounceMs: 100, maxWaitMs: 99 },
    { maxWaitMs: 2 ** 31 },
    { commitTimeoutMs: 0 },
    { retryInitialMs: 0 },
    { retryInitialMs: 100, retryMaxMs: 99 },
    { maxPendingAgeMs: -1 },
    { debounceMs: '50' as never },
    { debounce: 50 } as never,
    null as never,
  ])('refuses %j', (options) => {
    expect(() => flushSettings(options)).toThrow(expect.objectContaining({ code: 'CONFIG' }));
  });

  it('accepts zero where waiting is optional', () => {
    expect(flushSettings({ debounceMs: 0, maxWaitMs: 0, maxPendingAgeMs: 0 }).debounce).toEqual({
      debounceMs: 0,
      maxWaitMs: 0,
    });
  });
});
