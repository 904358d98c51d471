import { createClient } from '@keyv/redis';

/** The type of a bulk string in the protocol. */
const BLOB_STRING = 36;

/** A server, as somebody else than the driver works with it. */
export interface RawRedisServer {
  readonly host: string;
  readonly port: number;
}

type Client = ReturnType<typeof makeClient>;

/** All keys of some masters, each with its serialised value. */
export type RedisSnapshot = readonly (readonly [key: string, dump: Buffer])[][];

/** Direct access to the keys of a test, at those servers that are masters now, over connections that last for one call. */
export class RawRedis {
  readonly #servers: readonly RawRedisServer[];
  readonly #password: string | undefined;

  constructor(servers: readonly RawRedisServer[], password?: string) {
    this.#servers = servers;
    this.#password = password;
  }

  async get(key: string): Promise<string | undefined> {
    return (await this.#atOwner((client) => client.get(key))) ?? undefined;
  }

  async set(key: string, text: string): Promise<void> {
    await this.#atOwner((client) => client.set(key, text));
  }

  async delete(key: string): Promise<void> {
    await this.#atOwner((client) => client.del(key));
  }

  async keys(): Promise<readonly string[]> {
    return (await this.each((client) => client.keys('*'))).flat();
  }

  /** What each master answers to a command. */
  async command(...words: readonly string[]): Promise<readonly unknown[]> {
    return this.each((client) => client.sendCommand([...words]));
  }

  async snapshot(): Promise<RedisSnapshot> {
    return this.each(async (client) => {
      const keys = await client.keys('*');
      const binary = client.withTypeMapping({ [BLOB_STRING]: Buffer });
      const dumps = await Promise.all(keys.map((key) => binary.dump(key)));
      return keys.flatMap((key, index) => (dumps[index] == null ? [] : [[key, dumps[index]] as const]));
    });
  }

  async restore(snapshot: RedisSnapshot): Promise<void> {
    await this.empty();
    let rest = snapshot.flat();
    await this.each(async (client) => {
      const replies = await Promise.allSettled(
        rest.map(([key, dump]) => client.sendCommand(['RESTORE', key, '0', dump])),
      );
      rest = rest.filter((_, index) => replies[index]?.status === 'rejected');
    });
    if (rest.length > 0) throw new Error(`${rest.length} keys could not be restored`);
  }

  async empty(): Promise<void> {
    await this.each((client) => client.flushAll());
  }

  /** Runs `work` at each master, one after the other. */
  async each<T>(work: (client: Client) => Promise<T>): Promise<T[]> {
    const results: T[] = [];
    for (const server of this.#servers) {
      await this.#with(server, async (client) => {
        const role = (await client.role())?.role;
        if (role === 'master') results.push(await work(client));
      });
    }
    return results;
  }

  async #atOwner<T>(work: (client: Client) => Promise<T>): Promise<T> {
    const moved: unknown[] = [];
    for (const server of this.#servers) {
      try {
        return await this.#with(server, work);
      } catch (error) {
        if (!(error instanceof Error && /^(?:MOVED|READONLY)/.test(error.message))) throw error;
        moved.push(error);
      }
    }
    throw new Error('none of the servers has the key', { cause: moved[0] });
  }

  async #with<T>(server: RawRedisServer, work: (client: Client) => Promise<T>): Promise<T> {
    const client = makeClient(server, this.#password);
    client.on('error', () => undefined);
    await client.connect();
    try {
      return await work(client);
    } finally {
      client.destroy();
    }
  }
}

function makeClient({ host, port }: RawRedisServer, password: string | undefined) {
  return createClient({
    socket: { host, port, reconnectStrategy: false },
    ...(password === undefined ? {} : { password }),
  });
}
