import type { BackendConnection } from 'accountkeeper/driver-kit';
import type { Etcd3 } from 'etcd3';
import { EtcdDriver } from '../../../examples/etcd-driver/etcd-driver.js';
import type { ContractFaults, ContractSubject } from '../../contract/index.js';
import type { EtcdTestServer } from '../../support/servers/etcd-server.js';
import { loginRequired, outOfSpace } from './keyv-etcd-subject.js';
import { layoutKeys } from './memory-subject.js';

/** The driver of the example, whose answers to commits can be lost. */
class LosingEtcdDriver extends EtcdDriver {
  losesAnswers = false;

  protected override async connect(): Promise<BackendConnection> {
    const connection = await super.connect();
    return {
      ...connection,
      swap: async (...parameters) => {
        const swapped = await connection.swap(...parameters);
        if (this.losesAnswers) throw new Error('the answer was lost');
        return swapped;
      },
    };
  }
}

/** A subject whose drivers have a client each, on the server under the URL, in whichever process. */
export function etcdDriverSubject(url: string): ContractSubject {
  return {
    name: 'example etcd driver',
    createDriver: (options = {}) => new LosingEtcdDriver({ ...options, etcd: { hosts: url } }),
  };
}

/** The faults that the server can have. `client` is one of the test's own. */
export function etcdDriverFaults(server: EtcdTestServer, client: Etcd3): ContractFaults {
  return {
    stop: () => server.stop(),
    start: () => server.start(),
    pause: () => server.pause(),
    resume: () => server.resume(),
    rollback: {
      snapshot: () => client.getAll().strings(),
      restore: async (snapshot) => {
        await client.delete().all();
        const entries = Object.entries(snapshot as Readonly<Record<string, string>>);
        await Promise.all(entries.map(async ([key, text]) => void (await client.put(key).value(text))));
      },
    },
    empty: async () => {
      await client.delete().all();
    },
    raw: {
      ...layoutKeys(),
      get: async (key) => (await client.get(key)) ?? undefined,
      set: async (key, text) => {
        await client.put(key).value(text);
      },
      delete: async (key) => {
        await client.delete().key(key);
      },
      keys: () => client.getAll().keys(),
    },
    failCommits: {
      before: outOfSpace(server, (driver) => driver.head('any')),
      after: async (driver) => {
        const losing = driver as LosingEtcdDriver;
        losing.losesAnswers = true;
        return async () => {
          losing.losesAnswers = false;
        };
      },
    },
    failReads: loginRequired(server),
    // Whoever may only read has to log in, and from then on everybody has to.
    readOnly: false,
    // It writes its log to the disk before it answers, unless it is started with an option that says unsafe.
    syncsBeforeAcknowledging: async () => true,
  };
}
