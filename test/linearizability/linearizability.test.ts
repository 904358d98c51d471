import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BACKENDS, type Backend, type BackendName } from './backends.js';
import { runPrograms } from './exhaustive.js';
import { allPrograms } from './programs.js';
import { runRandomHistories } from './random-histories.js';
import { Tally } from './tally.js';

describe('the programs', () => {
  it('are each there once', () => {
    const programs = allPrograms().map(({ start, clients }) => `${start} ${clients.map(String).sort().join(' ')}`);
    expect(new Set(programs).size).toBe(programs.length);
    // 33 clients in pairs, 5 clients of one step in threes, on 3 starts.
    expect(programs).toHaveLength(3 * (561 + 35));
  });
});

describe.each(Object.keys(BACKENDS) as BackendName[])('histories on %s', (name) => {
  let backend: Backend;

  beforeAll(async () => {
    backend = await BACKENDS[name]();
  });

  afterAll(() => backend.dispose());

  it('are linearizable when clients run the programs at the same time', async () => {
    const programs = allPrograms().filter((_, index) => index % 6 === 0);
    const tally = new Tally();
    await runPrograms({ drivers: backend.drivers.slice(0, 3), programs, rounds: 1, seed: 1, tally });
    expect(tally.violations).toEqual([]);
    expect(tally.histories).toBe(programs.length);
  });

  it('are linearizable while the backend is disturbed', async () => {
    const tally = new Tally();
    await runRandomHistories({ backend, histories: 12, seed: 1, tally });
    expect(tally.violations).toEqual([]);
    expect(tally.histories).toBe(12);
  });
});
