import { describe, expect, it } from 'vitest';
import { addressText, type RedisAddress } from '../../../src/drivers/redis/address.js';
import type { RedisLink } from '../../../src/drivers/redis/link.js';
import type { RedisLinks } from '../../../src/drivers/redis/links.js';
import { ClusterTopology } from '../../../src/drivers/redis/topology/cluster.js';

const [A, B, C] = [7001, 7002, 7003].map((port): RedisAddress => ({ host: '127.0.0.1', port })) as [
  RedisAddress,
  RedisAddress,
  RedisAddress,
];

/** A cluster of three that all know of each other; each says who is master of all slots. They answer in this order. */
function cluster(said: readonly (readonly [teller: RedisAddress, master: RedisAddress])[]): ClusterTopology {
  const servers = said.map(([teller]) => teller);
  const links = {
    get: async (server: RedisAddress): Promise<Partial<RedisLink>> => {
      const turn = said.findIndex(([teller]) => addressText(teller) === addressText(server));
      const master = said[turn]?.[1] ?? server;
      const others = servers.filter((each) => addressText(each) !== addressText(master));
      return {
        server,
        address: addressText(server),
        send: async () => {
          for (let waited = 0; waited < turn; waited += 1) await Promise.resolve();
          return [[0, 16_383, ...[master, ...others].map(({ host, port }) => [host, port])]];
        },
      };
    },
  };
  return new ClusterTopology(servers, links as unknown as RedisLinks);
}

describe('the view of a cluster', () => {
  it('is what most of the servers say, also when one that was cut off answers first', async () => {
    const topology = cluster([
      [A, A],
      [B, B],
      [C, B],
    ]);
    const view = await topology.find(new AbortController().signal);
    expect(view.masterOf('any key')).toEqual(B);
    expect(view.masters).toEqual([B]);
  });

  it('confirms no master that another server does not name', async () => {
    const topology = cluster([
      [A, A],
      [B, B],
      [C, B],
    ]);
    const { signal } = new AbortController();
    await topology.find(signal);
    const isMaster = await topology.ask(signal);
    const source = { key: 'any key', asking: false, isLate: false };
    expect(isMaster({ ...source, address: addressText(A) })).toBe(false);
    expect(isMaster({ ...source, address: addressText(B) })).toBe(false);
    const whole = await cluster([
      [A, B],
      [B, B],
      [C, B],
    ]).ask(signal);
    expect(whole({ ...source, address: addressText(B) })).toBe(true);
  });
});
