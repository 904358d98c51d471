import type { Random } from '../contract/random.js';
import type { FaultProxy } from '../support/servers/network/fault-proxy.js';
import type { TestServer } from '../support/servers/test-server.js';
import type { Progress } from './progress.js';

/** Disturbs a backend once, and ends the disturbance. Progress is made in any case: operations run out of time. */
export type Fault = (random: Random, progress: Progress) => Promise<void>;

/** What a server and the ways to it can suffer. */
export function serverFaults(server: TestServer, proxies: readonly [FaultProxy, ...FaultProxy[]]): readonly Fault[] {
  const cut: Fault = async (random) => random.pick(proxies).cut();
  const cutMidReply: Fault = async (random) => random.pick(proxies).cutMidReply(random.below(random.pick([2, 400])));
  const loseAnswers: Fault = async (random, progress) => {
    const proxy = random.pick(proxies);
    proxy.blackHole(random.pick(['to-client', 'to-server', 'both']));
    await progress.of(1 + random.below(10));
    // What was swallowed is missing from the streams.
    proxy.cut();
    await proxy.heal();
  };
  const pause: Fault = async (random, progress) => {
    await server.pause();
    await progress.of(1 + random.below(20));
    await server.resume();
  };
  const kill: Fault = async () => {
    await server.kill();
    await server.start();
  };
  return [cut, cut, cut, cutMidReply, cutMidReply, cutMidReply, loseAnswers, loseAnswers, pause, pause, kill];
}
