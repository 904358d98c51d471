import { writeFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { createDriver } from 'accountkeeper';
import { Random } from '../contract/random.js';
import { networkOf } from './harness/backends.js';
import { type Fault, killed, stopped } from './harness/faults.js';
import { runUnderLoad } from './harness/load.js';
import type { Run } from './harness/run.js';
import { storedView } from './harness/stored.js';

/** How much more heap the last fifth of the restarts may show than the second fifth. */
const HEAP_GROWTH_ALLOWED = 0.1;

/**
 * Restarts a backend again and again under load; every second time it is SIGKILLed. Another driver, which has to go on
 * by itself as well, reads what is stored.
 */
export const restarts: Run<'restarts' | 'rate'> = {
  name: 'restarts',
  drivers: ['redis', 'redis-cluster', 'redis-sentinel', 'postgres'],
  options: { restarts: 50, rate: 1000 },
  make: async ({ backend, find, options, print, seed, series }) => {
    const { rate, restarts: times } = options;
    print(`${times} restarts of ${backend.name} under ${rate} changes/s, seed ${seed}`);
    const random = new Random(seed, 'restarts');
    const { server } = networkOf(backend);
    const accountId = `restarts-${seed}`;
    const [driver, reader] = [1, 2].map(() => createDriver({ url: backend.url, operationTimeoutMs: 3_000 }));
    if (driver === undefined || reader === undefined) throw new Error('no driver');
    const heapUsed: number[] = [];
    const restart = (fault: Fault): Fault => ({
      inject: async () => {
        await delay(random.below(100));
        const undo = await fault.inject();
        return async () => {
          await delay(random.below(300));
          await undo();
        };
      },
    });
    try {
      const {
        lost,
        steps,
        unhandled,
        series: ages,
      } = await runUnderLoad({
        accountId,
        driver,
        changesPerSecond: rate,
        times,
        fault: (time) => restart(time % 2 === 0 ? killed(server) : stopped(server)),
        read: async () => storedView(await reader.load(accountId)),
        onTime: (time, acknowledged) => {
          // Without it, the heap cannot be compared.
          global.gc?.();
          heapUsed.push(process.memoryUsage().heapUsed);
          if (time % 10 === 0) print(`  ${time} restarts, ${acknowledged} steps acknowledged`);
        },
        find,
      });
      const fifth = Math.max(1, Math.floor(times / 5));
      const early = mean(heapUsed.slice(fifth, 2 * fifth));
      const late = mean(heapUsed.slice(-fifth));
      if (series !== undefined) writeFileSync(series, JSON.stringify(ages));
      print(`  ${steps} steps made and found; restarts after which something acknowledged was missing: ${lost}`);
      print(`  unhandled errors: ${unhandled}; heap in use: ${megabytes(early)} early, ${megabytes(late)} late`);
      if (global.gc !== undefined && early > 0 && late > early * (1 + HEAP_GROWTH_ALLOWED)) find('the heap grows');
      return { steps };
    } finally {
      await Promise.allSettled([reader.close({ timeoutMs: 2_000 })]);
    }
  },
};

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);
}

function megabytes(bytes: number): string {
  return `${(bytes / 1024 ** 2).toFixed(1)} MB`;
}
