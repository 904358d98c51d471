import KeyvEtcd from '@keyv/etcd';
import { createClient } from '@keyv/redis';
import KeyvValkey from '@keyv/valkey';
import { etcdFaults, keyvEtcdSubject } from '../../contract-suite/subjects/keyv-etcd-subject.js';
import { keyvMysqlSubject, mysqlFaults } from '../../contract-suite/subjects/keyv-mysql-subject.js';
import { keyvRedisFaults, keyvRedisSubject } from '../../contract-suite/subjects/keyv-redis-subject.js';
import { keyvValkeySubject, valkeyFaults } from '../../contract-suite/subjects/keyv-valkey-subject.js';
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
export const keyvRedis: MatrixSubject = {
  name: 'keyv+redis',
  start: async () => {
    const server = await startRedis({ password: 'matrix-secret' });
    const { url } = server;
    const raw = createClient({ url });
    raw.on('error', () => undefined);
    await raw.connect();
    const { answers, ...subject } = keyvRedisSubject(url);
    return {
      subject: {
        ...subject,
        faults: keyvRedisFaults(server, raw, answers),
        module: fixture('keyv-redis', { url }),
        execArgv: TSX,
      },
      versions: [serverVersion('redis-server'), ...packageVersions('keyv', '@keyv/redis')],
      dispose: async () => {
        raw.destroy();
        await server.dispose();
      },
    };
  },
};

/** The generic driver on a server that speaks Valkey's protocol. */
export const keyvValkey: MatrixSubject = {
  name: 'keyv+valkey',
  start: async () => {
    const server = await startRedis({ password: 'matrix-secret' });
    const { url } = server;
    const raw = new KeyvValkey(url);
    raw.on('error', () => undefined);
    const { answers, ...subject } = keyvValkeySubject(url);
    return {
      subject: {
        ...subject,
        faults: valkeyFaults(server, raw, answers),
        module: fixture('keyv-valkey', { url }),
        execArgv: TSX,
      },
      versions: [serverVersion('redis-server'), ...packageVersions('keyv', '@keyv/valkey')],
      dispose: async () => {
        await raw.disconnect();
        await server.dispose();
      },
    };
  },
};

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
