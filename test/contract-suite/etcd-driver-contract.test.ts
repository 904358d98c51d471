import { Etcd3 } from 'etcd3';
import { afterAll, describe, it, vi } from 'vitest';
import { runDriverContract } from '../contract/index.js';
import { startEtcd } from '../support/servers/etcd-server.js';
import { etcdDriverFaults, etcdDriverSubject } from './subjects/etcd-driver-subject.js';

const server = await startEtcd();
const client = new Etcd3({ hosts: server.endpoint });
const module = new URL('./fixtures/etcd-driver-module.ts', import.meta.url);
module.searchParams.set('url', server.endpoint);

afterAll(async () => {
  client.close();
  await server.dispose();
});

// 50,001 records take 500 commits, each of which is synced.
vi.setConfig({ testTimeout: 250_000 });

runDriverContract(
  { describe, it },
  {
    ...etcdDriverSubject(server.endpoint),
    faults: etcdDriverFaults(server, client),
    module,
    execArgv: ['--import', 'tsx'],
  },
  { require: 'claimed', clauseTimeoutMs: 240_000 },
);
