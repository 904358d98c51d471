import KeyvEtcd from '@keyv/etcd';
import { afterAll, describe, it, vi } from 'vitest';
import { runDriverContract } from '../contract/index.js';
import { startEtcd } from '../support/servers/etcd-server.js';
import { etcdFaults, keyvEtcdSubject } from './subjects/keyv-etcd-subject.js';

const server = await startEtcd();
const raw = new KeyvEtcd(server.url);
raw.on('error', () => undefined);
const module = new URL('./fixtures/keyv-etcd-module.ts', import.meta.url);
module.searchParams.set('url', server.url);

afterAll(async () => {
  await raw.disconnect();
  await server.dispose();
});

const { answers, ...subject } = keyvEtcdSubject(server.url);
const faults = etcdFaults(server, raw, answers);

// Each key takes a request of its own, and each request half a millisecond of CPU: 50,001 records take their time.
vi.setConfig({ testTimeout: 250_000 });

runDriverContract(
  { describe, it },
  { ...subject, faults, module, execArgv: ['--import', 'tsx'] },
  { require: 'claimed', clauseTimeoutMs: 240_000 },
);
