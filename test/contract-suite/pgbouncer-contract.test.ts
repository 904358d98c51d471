import { afterAll, describe, it } from 'vitest';
import { runDriverContract } from '../contract/index.js';
import { startFaultProxy } from '../support/servers/network/fault-proxy.js';
import { startPgbouncer } from '../support/servers/sql/pgbouncer.js';
import { startPostgres } from '../support/servers/sql/postgres-server.js';
import { postgresFaults, postgresSubject } from './subjects/postgres-subject.js';

const server = await startPostgres();
const pooler = await startPgbouncer(server);
const proxy = await startFaultProxy(pooler);
const url = proxy.urlFor(pooler.url);
const module = new URL('./fixtures/postgres-module.ts', import.meta.url);
module.searchParams.set('url', url);

afterAll(async () => {
  await proxy.close();
  await pooler.dispose();
  await server.dispose();
});

const subject = {
  ...postgresSubject('postgres through PgBouncer', url),
  faults: postgresFaults(server, url, proxy),
  module,
  execArgv: ['--import', 'tsx'],
};

// Faults of the table need one.
const first = subject.createDriver();
await first.open();
await first.close();

runDriverContract({ describe, it }, subject, { require: 'claimed' });
