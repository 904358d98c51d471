import { describe, expect, it } from 'vitest';
import { type FleetResult, FleetWorld } from './fleet-world.js';

const SMALL = { workers: 5, slots: 20, accounts: 100, faults: 12 } as const;

describe('a simulated fleet', () => {
  it('loses nothing, and has one writer an account', { timeout: 120_000 }, async () => {
    const result = await new FleetWorld({ ...SMALL, seed: 1 }).run();
    expect(result.violation).toBeUndefined();
    expect(result.takeOvers).toBeGreaterThan(20);
    expect(result.acknowledged).toBeGreaterThan(200);
  });

  it('has the same history twice for the same seed', { timeout: 120_000 }, async () => {
    const run = async (): Promise<Omit<FleetResult, 'heapMiB'>> => {
      const { heapMiB, ...result } = await new FleetWorld({ ...SMALL, faults: 4, seed: 2 }).run();
      return result;
    };
    expect(await run()).toEqual(await run());
  });

  it('shows a backend that writes whatever head is stored', { timeout: 120_000 }, async () => {
    const { violation } = await new FleetWorld({ ...SMALL, seed: 1, mutant: 'ignores-the-expected-head' }).run();
    // Whichever is seen first.
    expect(violation).toMatch(/a fenced writer never writes|nothing older is stored than was before/);
  });
});
