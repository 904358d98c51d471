import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { postgresMessages, startWireTap, type WireTap } from '../../support/servers/network/wire-tap.js';
import { type PostgresTestServer, startPostgres } from '../../support/servers/sql/postgres-server.js';
import { accountOf, type CostlyAccount, deletesOf, documents, payloadBytes } from '../costs.js';
import { afterTest } from '../support.js';
import { postgres, uniqueName } from './support.js';

const RECORDS = 1_000;
/** On the wire, of a commit: heads, statement, and what frames them. */
const FIXED_BYTES = 2_048;
/** On the wire, of a record: its envelope, the escapes in it, and the array's. */
const BYTES_OF_RECORD = 60;

let server: PostgresTestServer;

beforeAll(async () => {
  server = await startPostgres({ config: ['autovacuum = off', 'checkpoint_timeout = 1h'] });
});

afterAll(() => server.dispose());

/** A driver that says everything on one connection. */
async function tapped(): Promise<{
  readonly tap: WireTap;
  account(id: string, records: number): Promise<CostlyAccount>;
}> {
  const tap = await startWireTap(server);
  afterTest(() => tap.close());
  const driver = postgres({ url: tap.urlFor(server.url), table: uniqueName(), poolSize: 1 });
  return { tap, account: (id, records) => accountOf(driver, id, records) };
}

/** Round trips and statements of what was said. Each Sync, and each simple Query, asks for an answer. */
function countOf(messages: string): { readonly roundTrips: number; readonly statements: number } {
  return {
    roundTrips: messages.match(/[SQ]/g)?.length ?? 0,
    statements: messages.match(/[EQ]/g)?.length ?? 0,
  };
}

describe('what a commit costs on PostgreSQL', () => {
  it.each([1, 10, 1_000])(
    'is one statement in one round trip for %i changes, and for as many deletes',
    async (count) => {
      const { tap, account } = await tapped();
      const { commit } = await account('a', RECORDS);
      tap.taken();
      await commit(documents(count));
      expect(countOf(postgresMessages(tap.taken()))).toEqual({ roundTrips: 1, statements: 1 });
      await commit(deletesOf(count));
      expect(countOf(postgresMessages(tap.taken()))).toEqual({ roundTrips: 1, statements: 1 });
    },
  );

  it('is one round trip for all accounts that commit in one turn', async () => {
    const { tap, account } = await tapped();
    const accounts = await Promise.all(Array.from({ length: 50 }, (_, index) => account(`a${index}`, 1)));
    tap.taken();
    await Promise.all(accounts.map(({ commit }) => commit(documents(1))));
    expect(countOf(postgresMessages(tap.taken()))).toEqual({ roundTrips: 1, statements: 1 });
  });

  it.each([1, 1_000])('is, on the wire, the payload of %i changes and little more', async (count) => {
    const { tap, account } = await tapped();
    const { commit } = await account('a', RECORDS);
    const batch = documents(count);
    tap.taken();
    await commit(batch);
    expect(tap.taken().length).toBeLessThanOrEqual(payloadBytes(batch) + count * BYTES_OF_RECORD + FIXED_BYTES);
  });
});
