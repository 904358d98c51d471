import KeyvMysql from '@keyv/mysql';
import Keyv from 'keyv';
import { KeyvDriver } from '../../../src/drivers/keyv/driver.js';
import type { ContractFaults, ContractSubject, Inject } from '../../contract/index.js';
import type { MariadbTestServer } from '../../support/servers/sql/mariadb-server.js';
import { keyvKeys, LostAnswers } from './keyv-keys.js';

const TABLE = 'accountkeeper.keyv';

/** Who ends the connections of a {@link keyvMysqlSubject}: its drivers, each of them all, or nobody but the test. */
export type Ending = 'by the driver' | 'by the test';

/**
 * A subject whose drivers share a Keyv, on the server under the URL: all adapters of a process share their pool anyway,
 * and disconnecting one of them ends it for all.
 */
export function keyvMysqlSubject(
  url: string,
  ending: Ending,
): ContractSubject & { readonly adapter: KeyvMysql; readonly answers: LostAnswers<KeyvMysql> } {
  const answers = new LostAnswers<KeyvMysql>();
  const adapter = new KeyvMysql({ uri: url, keySize: 512 });
  const keyv = new Keyv({ store: adapter, emitErrors: false });
  return {
    name: 'keyv+mysql',
    answers,
    adapter,
    createDriver: (options = {}) => {
      const driver = new KeyvDriver({
        ...options,
        keyv,
        allowUnconditional: true,
        durability: 'host',
        closeKeyv: ending === 'by the driver',
        operationTimeoutMs: 15_000,
        limits: { batchBytes: 4 * 1024 ** 2 },
      });
      answers.watch(driver, adapter);
      return driver;
    },
    secrets: [new URL(url).password],
  };
}

/** The faults that the server can have. */
export function mysqlFaults(server: MariadbTestServer, answers: LostAnswers<KeyvMysql>): ContractFaults {
  return {
    stop: () => server.stop(),
    start: () => server.start(),
    pause: () => server.pause(),
    resume: () => server.resume(),
    raw: {
      ...keyvKeys('keyv:'),
      get: async (key) => {
        const [row] = await server.query(`SELECT value FROM ${TABLE} WHERE id = ?`, [key]);
        return row === undefined ? undefined : String(row['value']);
      },
      set: async (key, text) => {
        await server.query(`REPLACE INTO ${TABLE} (id, value) VALUES (?, ?)`, [key, text]);
      },
      delete: async (key) => {
        await server.query(`DELETE FROM ${TABLE} WHERE id = ?`, [key]);
      },
      keys: async () => (await server.query(`SELECT id FROM ${TABLE}`)).map((row) => String(row['id'])),
    },
    failCommits: { before: readOnly(server), after: answers.inject },
    failReads: tableGone(server),
    // The adapter asks for its table to be created whenever it connects.
    readOnly: false,
    syncsBeforeAcknowledging: async () => {
      const [row] = await server.query('SELECT @@innodb_flush_log_at_trx_commit AS flush');
      return Number(row?.['flush']) === 1;
    },
  };
}

/** The server takes no writes. */
function readOnly(server: MariadbTestServer): Inject {
  return async () => {
    await server.query('SET GLOBAL read_only = 1');
    return async () => {
      await server.query('SET GLOBAL read_only = 0');
    };
  };
}

/** The table is gone for a while. */
function tableGone(server: MariadbTestServer): Inject {
  return async () => {
    await server.query(`RENAME TABLE ${TABLE} TO ${TABLE}_gone`);
    return async () => {
      await server.query(`RENAME TABLE ${TABLE}_gone TO ${TABLE}`);
    };
  };
}
