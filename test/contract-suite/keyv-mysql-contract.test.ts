import { afterAll, describe, it } from 'vitest';
import { runDriverContract } from '../contract/index.js';
import { startMariadb } from '../support/servers/sql/mariadb-server.js';
import { keyvMysqlSubject, mysqlFaults } from './subjects/keyv-mysql-subject.js';

const server = await startMariadb();
const module = new URL('./fixtures/keyv-mysql-module.ts', import.meta.url);
module.searchParams.set('url', server.url);
const { adapter, answers, ...subject } = keyvMysqlSubject(server.url, 'by the test');

afterAll(async () => {
  await adapter.disconnect();
  await server.dispose();
});

runDriverContract(
  { describe, it },
  { ...subject, faults: mysqlFaults(server, answers), module, execArgv: ['--import', 'tsx'] },
  { require: 'claimed' },
);
