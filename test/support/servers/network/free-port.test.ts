import { describe, expect, it } from 'vitest';
import { freePort, rangeOf } from './free-port.js';

describe('a free port', () => {
  it('is never the same twice, also when many are asked for at once', async () => {
    const ports = await Promise.all(Array.from({ length: 600 }, () => freePort()));
    expect(new Set(ports).size).toBe(ports.length);
  });

  it('lies below the ports of outgoing connections', async () => {
    const port = await freePort();
    expect(port).toBeGreaterThanOrEqual(10_000);
    expect(port).toBeLessThan(32_000);
  });

  it('is of another range in each worker of a run', () => {
    const ranges = ['1', '2', '3'].map((worker, index) => rangeOf(worker, { pid: index, ppid: 43 }));
    expect(new Set(ranges).size).toBe(ranges.length);
  });

  it('is of another range in processes that follow each other', () => {
    expect(rangeOf(undefined, { pid: 100, ppid: 1 })).not.toBe(rangeOf(undefined, { pid: 101, ppid: 1 }));
  });
});
