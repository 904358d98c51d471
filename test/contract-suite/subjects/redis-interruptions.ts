import KeyvRedis, { createClient } from '@keyv/redis';
import type { PersistenceDriver } from '../../../src/core/persistence-driver.js';
import type { RedisAdapterModule, RedisClient, RedisClientOptions } from '../../../src/drivers/redis/adapter.js';
import type { Inject } from '../../contract/index.js';

type Moment = 'midway' | 'after';

interface State {
  moment: Moment | undefined;
}

/** Connections of drivers that break when a commit is on its way to the server, or its answer on the way back. */
export class RedisInterruptions {
  readonly #states = new WeakMap<PersistenceDriver, State>();

  /** Makes a driver whose connections can be broken. */
  driver<Driver extends PersistenceDriver>(make: (importer: () => Promise<RedisAdapterModule>) => Driver): Driver {
    const state: State = { moment: undefined };
    const module: RedisAdapterModule = {
      default: KeyvRedis as unknown as RedisAdapterModule['default'],
      createClient: (options) => watched(options, state),
    };
    const driver = make(async () => module);
    this.#states.set(driver, state);
    return driver;
  }

  at(moment: Moment): Inject {
    return async (driver) => {
      const state = this.#states.get(driver);
      if (state === undefined) throw new Error('the driver was not made here');
      state.moment = moment;
      return async () => {
        state.moment = undefined;
      };
    };
  }
}

function watched(options: RedisClientOptions, state: State): RedisClient {
  const client = createClient(options as unknown as Parameters<typeof createClient>[0]);
  const send = client.sendCommand.bind(client);
  client.sendCommand = (async (command: readonly string[], options?: Parameters<typeof send>[1]) => {
    const sent = send([...command], options);
    // A commit has the key of a head, that of an index, and more.
    if (state.moment === undefined || !command[0]?.startsWith('EVAL') || command.length < 9) return sent;
    if (state.moment === 'midway') setImmediate(() => setImmediate(() => client.destroy()));
    else sent.then(() => client.destroy(), ignore);
    await sent;
    throw new Error('the connection broke');
  }) as typeof client.sendCommand;
  return client as unknown as RedisClient;
}

function ignore(): void {}
