import { setTimeout as delay } from 'node:timers/promises';
import { createDriver } from 'accountkeeper';
import { Random } from '../contract/random.js';
import { networkOf } from './harness/backends.js';
import { killed } from './harness/faults.js';
import { runUnderLoad } from './harness/load.js';
import { untilItAnswers } from './harness/patience.js';
import type { Run } from './harness/run.js';
import { readAnew } from './harness/stored.js';

/**
 * SIGKILLs the server that takes the account's writes, again and again, under a store that asks for the acknowledgement
 * of all replicas (`durability=replicated`). After each failover the new leader's data are compared with what had been
 * acknowledged; the killed server joins again, as a replica. Each server refuses writes that no replica can take.
 */
export const failover: Run<'failovers' | 'rate'> = {
  name: 'failover',
  drivers: ['redis-cluster', 'redis-sentinel'],
  config: ['min-replicas-to-write 1', 'min-replicas-max-lag 2'],
  options: { failovers: 10, rate: 1000 },
  make: async ({ backend, find, options, print, seed }) => {
    const { failovers: times, rate } = options;
    const { replicas = 1, ...network } = networkOf(backend);
    print(`${times} failovers of ${backend.name} under ${rate} changes/s, seed ${seed}`);
    const random = new Random(seed, 'failover');
    const accountId = `failover-${seed}`;
    const inject = async (): Promise<() => Promise<void>> => {
      const leader = await leaderNow();
      await delay(random.below(100));
      const undo = await killed(leader).inject();
      return async () => {
        await untilItAnswers(async () => {
          if ((await leaderNow()).port === leader.port) throw new Error('no other server leads yet');
        });
        // Before it, the new leader has no replica, and refuses what proves that it leads.
        await undo();
      };
    };
    const leaderNow = async () => {
      const leader = await network.leader?.(`accountkeeper:{${accountId}}:head`);
      if (leader === undefined) throw new Error(`${backend.name} has one server alone`);
      return leader;
    };
    const { lost, steps } = await runUnderLoad({
      accountId,
      driver: createDriver({ url: backend.url, durability: 'replicated', replicas, operationTimeoutMs: 3_000 }),
      changesPerSecond: rate,
      times,
      fault: () => ({ inject }),
      read: () => readAnew(backend.url, accountId),
      onTime: (time, acknowledged) => print(`  ${time} failovers, ${acknowledged} steps acknowledged`),
      find,
    });
    print(`  ${steps} steps made; failovers after which something acknowledged was missing: ${lost}`);
    return { steps };
  },
};
