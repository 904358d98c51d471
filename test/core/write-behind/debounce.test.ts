import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Debounce } from '../../../src/core/write-behind/debounce.js';

const options = { debounceMs: 50, maxWaitMs: 250 };

describe('Debounce', () => {
  it('is due at once while nothing changed', () => {
    expect(new Debounce(options).remainingMs(1_000)).toBe(0);
  });

  it('is due debounceMs after the last change', () => {
    const debounce = new Debounce(options);
    debounce.restart(0);
    debounce.restart(30);
    expect(debounce.remainingMs(30)).toBe(50);
    expect(debounce.remainingMs(79)).toBe(1);
    expect(debounce.remainingMs(80)).toBe(0);
    expect(debounce.remainingMs(500)).toBe(0);
  });

  it('is due maxWaitMs after the first change at the latest', () => {
    const debounce = new Debounce(options);
    for (let nowMs = 0; nowMs <= 240; nowMs += 40) debounce.restart(nowMs);
    expect(debounce.remainingMs(240)).toBe(10);
  });

  it('forgets the first change on reset, not what comes after', () => {
    const debounce = new Debounce(options);
    debounce.restart(0);
    debounce.reset();
    expect(debounce.remainingMs(10)).toBe(0);
    debounce.restart(200);
    expect(debounce.remainingMs(200)).toBe(50);
    expect(debounce.remainingMs(240)).toBe(10);
  });

  it('never waits longer than either bound allows', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(100), { minLength: 1 }), (gaps) => {
        const debounce = new Debounce(options);
        let nowMs = 0;
        for (const gap of gaps) {
          nowMs += gap;
          debounce.restart(nowMs);
        }
        const firstMs = gaps[0] ?? 0;
        expect(debounce.remainingMs(nowMs)).toBe(Math.max(0, Math.min(50, firstMs + 250 - nowMs)));
      }),
    );
  });
});
