import { afterAll, describe, it } from 'vitest';
import { runDriverContract } from '../contract/index.js';
import { startFaultProxy } from '../support/servers/network/fault-proxy.js';
import { startPostgres } from '../support/servers/sql/postgres-server.js';
import { postgresFaults, postgresSubject } from './subjects/postgres-subject.js';

const server = await startPostgres();
const proxy = await startFaultProxy(server);
const url = proxy.urlFor(server.url);
const module = new URL('./fixtures/postgres-module.ts', import.meta.url);
module.searchParams.set('url', url);

afterAll(async () => {
  await proxy.close();
  await server.dispose();
});

const subject = {
  ...postgresSubject('postgres', url),
  faults: postgresFaults(server, url, proxy),
  module,
  execArgv: ['--import', 'tsx'],
};

// Faults of the table need one.
const first = subject.createDriver();
await first.open();
await first.close();

runDriverContract({ describe, it }, subject, { require: 'claimed' });
