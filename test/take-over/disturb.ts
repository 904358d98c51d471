import { setTimeout as delay } from 'node:timers/promises';
import type { FaultProxy } from '../support/servers/network/fault-proxy.js';
import type { TakeOverBackend } from './backends.js';
import type { RoundPlan } from './round-plan.js';
import type { WorkerProcess } from './worker-process.js';

/** How often the connections of an owner whose network is cut are reset, in milliseconds. */
const CUT_EVERY_MS = 15;

/** So long an owner sends on before it is stopped, in milliseconds: several commits. */
const SENDS_ON_MS = 15;

/** Whom it happens to. */
export interface Disturbed {
  readonly worker: WorkerProcess;
  readonly proxy: FaultProxy | undefined;
  readonly server: TakeOverBackend['server'];
}

/** Lets happen what the plan says. Returns what takes it back, once the account was taken over. */
export async function disturb(
  { disturbance, during, lateMs, stopsOwnerToo }: RoundPlan,
  on: Disturbed,
): Promise<() => Promise<void>> {
  const { worker, proxy, server } = on;
  const heal = async (): Promise<void> => proxy?.heal();
  switch (disturbance) {
    case 'stopped':
      worker.signal('SIGSTOP');
      return async () => worker.signal('SIGCONT');
    case 'stopped-late':
      proxy?.delay(lateMs);
      await delay(SENDS_ON_MS);
      worker.signal('SIGSTOP');
      return async () => {
        worker.signal('SIGCONT');
        await heal();
      };
    case 'network-late':
      proxy?.delay(lateMs);
      return heal;
    case 'live':
      return async () => undefined;
    case 'killed':
      await worker.kill();
      return async () => undefined;
    case 'network-cut': {
      const timer = setInterval(() => proxy?.cut(), CUT_EVERY_MS);
      return async () => clearInterval(timer);
    }
    case 'network-refused':
      await proxy?.refuse();
      return heal;
    case 'network-lost':
      proxy?.blackHole();
      return heal;
    case 'answers-lost':
      proxy?.blackHole('to-client');
      return heal;
    case 'backend-killed':
    case 'backend-stopped': {
      const isKilled = disturbance === 'backend-killed';
      await (isKilled ? server?.kill() : server?.pause());
      if (stopsOwnerToo) worker.signal('SIGSTOP');
      await delay(during);
      await (isKilled ? server?.start() : server?.resume());
      return async () => worker.signal('SIGCONT');
    }
  }
}
