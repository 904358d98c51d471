import type { Random } from '../contract/random.js';
import { type Fault, fault, killed, paused } from '../runs/harness/faults.js';
import type { Direction, FaultProxy } from '../support/servers/network/fault-proxy.js';
import type { TestServer } from '../support/servers/test-server.js';

/** A fault, and for how many operations it lasts at most. They are made in any case: operations run out of time. */
export interface DrawnFault {
  readonly fault: Fault;
  readonly operations: number;
}

/** Draws what a fault needs to know. */
export type DrawFault = (random: Random) => DrawnFault;

/** What a server and the ways to it can suffer. */
export function serverFaults(
  server: TestServer,
  proxies: readonly [FaultProxy, ...FaultProxy[]],
): readonly [DrawFault, ...DrawFault[]] {
  const cut: DrawFault = (random) => {
    const proxy = random.pick(proxies);
    return { fault: fault(() => proxy.cut()), operations: 0 };
  };
  const cutMidReply: DrawFault = (random) => {
    const proxy = random.pick(proxies);
    const bytes = random.below(random.pick([2, 400]));
    return { fault: fault(() => proxy.cutMidReply(bytes)), operations: 0 };
  };
  const loseAnswers: DrawFault = (random) => {
    const proxy = random.pick(proxies);
    const direction = random.pick<Direction>(['to-client', 'to-server', 'both']);
    const heal = (): Promise<void> => {
      // What was swallowed is missing from the streams.
      proxy.cut();
      return proxy.heal();
    };
    return { fault: fault(() => proxy.blackHole(direction), heal), operations: 10 };
  };
  const pause: DrawFault = () => ({ fault: paused(server), operations: 20 });
  const kill: DrawFault = () => ({ fault: killed(server), operations: 0 });
  return [cut, cut, cut, cutMidReply, cutMidReply, cutMidReply, loseAnswers, loseAnswers, pause, pause, kill];
}
