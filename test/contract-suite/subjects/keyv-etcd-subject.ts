import KeyvEtcd from '@keyv/etcd';
import Keyv from 'keyv';
import type { PersistenceDriver } from '../../../src/core/persistence-driver.js';
import { KeyvDriver } from '../../../src/drivers/keyv/driver.js';
import type { ContractFaults, ContractSubject, Inject } from '../../contract/index.js';
import type { EtcdTestServer } from '../../support/servers/etcd-server.js';
import { poll } from '../../support/servers/poll.js';
import { keyvKeys, LostAnswers } from './keyv-keys.js';

/** A subject whose drivers have a Keyv each, on the server under the URL, in whichever process. */
export function keyvEtcdSubject(url: string): ContractSubject & { readonly answers: LostAnswers<KeyvEtcd> } {
  const answers = new LostAnswers<KeyvEtcd>();
  return {
    name: 'keyv+etcd',
    answers,
    createDriver: (options = {}) => {
      const adapter = new KeyvEtcd(url);
      const keyv = new Keyv({ store: adapter, emitErrors: false });
      const driver = new KeyvDriver({
        ...options,
        keyv,
        allowUnconditional: true,
        durability: 'host',
        closeKeyv: true,
        operationTimeoutMs: 15_000,
      });
      answers.watch(driver, adapter);
      return driver;
    },
  };
}

/** The faults that the server can have. `raw` is an adapter of the test's own. */
export function etcdFaults(
  server: EtcdTestServer,
  { client }: KeyvEtcd,
  answers: LostAnswers<KeyvEtcd>,
): ContractFaults {
  return {
    stop: () => server.stop(),
    start: () => server.start(),
    pause: () => server.pause(),
    resume: () => server.resume(),
    raw: {
      ...keyvKeys('keyv:'),
      get: async (key) => (await client.get(key)) ?? undefined,
      set: async (key, text) => {
        await client.put(key).value(text);
      },
      delete: async (key) => {
        await client.delete().key(key);
      },
      keys: async () => client.getAll().keys(),
    },
    failCommits: {
      before: outOfSpace(server, (driver) => answers.adapterOf(driver).has('any')),
      after: answers.inject,
    },
    failReads: loginRequired(server),
    // Whoever may only read has to log in, and from then on everybody has to.
    readOnly: false,
    // It writes its log to the disk before it answers, unless it is started with an option that says unsafe.
    syncsBeforeAcknowledging: async () => true,
  };
}

/** The server takes no writes that would need space; the client then refuses to ask it for another five seconds. */
export function outOfSpace(server: EtcdTestServer, ask: (driver: PersistenceDriver) => Promise<unknown>): Inject {
  return async (driver) => {
    const { header } = await call(server, 'maintenance/status', {});
    const alarm = { memberID: (header as { readonly member_id: string }).member_id, alarm: 'NOSPACE' };
    await call(server, 'maintenance/alarm', { action: 'ACTIVATE', ...alarm });
    return async () => {
      await call(server, 'maintenance/alarm', { action: 'DEACTIVATE', ...alarm });
      await poll("the client's circuit breaker to close", async () => ask(driver).then(() => true));
    };
  };
}

/** The server knows users, and those without a name may do nothing. */
export function loginRequired(server: EtcdTestServer): Inject {
  return async () => {
    const root = { name: 'root', password: 'root-secret' };
    // They are there already at the second time.
    await call(server, 'auth/user/add', root).catch(() => undefined);
    await call(server, 'auth/user/grant', { user: 'root', role: 'root' }).catch(() => undefined);
    // On a busy machine the answer can be 503 although it took effect: then users can log in.
    await call(server, 'auth/enable', {}).catch(() => call(server, 'auth/authenticate', root));
    return async () => {
      const { token } = await call(server, 'auth/authenticate', root);
      await call(server, 'auth/disable', {}, String(token));
    };
  };
}

/** One request to the JSON gateway of the server. */
async function call(
  server: EtcdTestServer,
  path: string,
  body: object,
  token = '',
): Promise<Readonly<Record<string, unknown>>> {
  const response = await fetch(`http://${server.endpoint}/v3/${path}`, {
    method: 'POST',
    headers: token === '' ? {} : { Authorization: token },
    body: JSON.stringify(body),
  });
  if (!response.ok) throw new Error(`etcd answered ${response.status} to ${path}: ${await response.text()}`);
  return (await response.json()) as Readonly<Record<string, unknown>>;
}
