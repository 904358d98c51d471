import KeyvEtcd from '@keyv/etcd';
import { createClient } from '@keyv/redis';
import { etcdFaults, keyvEtcdSubject } from '../../contract-suite/subjects/keyv-etcd-subject.js';
import { keyvMysqlSubject, mysqlFaults } from '../../contract-suite/subjects/keyv-mysql-subject.js';
import {
  keyvRedisFaults,
  keyvRedisSubject,
  ON_REDIS,
  ON_VALKEY,
} from '../../contract-suite/subjects/keyv-redis-subject.js';
import { startEtcd } from '../../support/servers/etcd-server.js';
import { startRedis } from '../../support/servers/redis/redis-server.js';
import { startMariadb } from '../../support/servers/sql/mariadb-server.js';
import { fixture, type MatrixSubject, packageVersions, TSX } from '../matrix-subject.js';
import { serverVersion } from '../server-version.js';

/** The generic driver on a MariaDB. */
export const keyvMysql: MatrixSubject = {
  name: 'keyv+mysql',
  start: async () => {
    const server = await startMariadb();
    const { url } = server;
    const { adapter, answers, ...subject } = keyvMysqlSubject(url, 'by the test');
    return {
      subject: {
        ...subject,
        faults: mysqlFaults(server, answers),
        module: fixture('keyv-mysql', { url }),
        execArgv: TSX,
      },
      versions: [serverVersion('mariadbd'), ...packageVersions('keyv', '@keyv/mysql')],
      dispose: async () => {
        await adapter.disconnect();
        await server.dispose();
      },
    };
  },
};

/** The generic driver on a Redis, without what the driver for it does better. */
export const keyvRedis: MatrixSubject = onRedis(ON_REDIS);

/** The generic driver on a server that speaks Valkey's protocol. */
export const keyvValkey: MatrixSubject = onRedis(ON_VALKEY);

/** The generic driver on an etcd, where each record takes a request of its own. */
export const keyvEtcd: MatrixSubject = {
  name: 'keyv+etcd',
  start: async () => {
    const server = await startEtcd();
    const { url } = server;
    const raw = new KeyvEtcd(url);
    raw.on('error', () => undefined);
    const { answers, ...subject } = keyvEtcdSubject(url);
    return {
      subject: {
        ...subject,
        faults: etcdFaults(server, raw, answers),
        module: fixture('keyv-etcd', { url }),
        execArgv: TSX,
      },
      versions: [serverVersion('etcd'), ...packageVersions('keyv', '@keyv/etcd')],
      clauseTimeoutMs: 240_000,
      dispose: async () => {
        await raw.disconnect();
        await server.dispose();
      },
    };
  },
};

function onRedis(flavour: typeof ON_REDIS): MatrixSubject {
  const { name } = flavour;
  return {
    name,
    start: async () => {
      const server = await startRedis({ password: 'matrix-secret' });
      const { url } = server;
      const raw = createClient({ url });
      raw.on('error', () => undefined);
      await raw.connect();
      const { answers, ...subject } = keyvRedisSubject(flavour, url);
      return {
        subject: {
          ...subject,
          faults: keyvRedisFaults(flavour, server, raw, answers),
          module: fixture(name.replace('+', '-'), { url }),
          execArgv: TSX,
        },
        versions: [serverVersion('redis-server'), ...packageVersions('keyv', flavour.package)],
        dispose: async () => {
          raw.destroy();
          await server.dispose();
        },
      };
    },
  };
}
