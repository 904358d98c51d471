import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { atOnce } from '../../../src/core/shared/slices.js';
import type { HeadSwap } from '../../../src/drivers/base/backend-connection.js';
import type { AccountSwap } from '../../../src/drivers/base/group-commit.js';
import { KeyLayout } from '../../../src/drivers/base/key-layout.js';
import { importSqlite } from '../../../src/drivers/sqlite/adapter.js';
import { connectSqlite } from '../../../src/drivers/sqlite/connect.js';
import type { SqliteConnection } from '../../../src/drivers/sqlite/connection.js';
import { swapParameters } from '../../../src/drivers/sqlite/swap-parameters.js';
import { manualOperation } from '../base/manual-operation.js';
import { afterTest, temporaryFolder } from '../support.js';

const layout = new KeyLayout();
const { operation } = manualOperation();

function changeOf(change: Partial<HeadSwap>): HeadSwap {
  return { expected: undefined, next: 'next', upserts: new Map(), deletes: [], deletesAll: false, ...change };
}

function swapOf(id: string, change: Partial<HeadSwap>): AccountSwap {
  return { account: layout.account(id), change: changeOf(change), operation };
}

async function connection(path: string): Promise<SqliteConnection> {
  const settings = { path, table: 'keyv', synchronous: 'OFF', busyTimeoutMs: 1000, layout } as const;
  const connected = await connectSqlite(await importSqlite(), settings, operation, 'write');
  afterTest(() => connected.disconnect());
  return connected;
}

describe('swapParameters', () => {
  it('names texts by position and length in bytes, and the head behind its records', () => {
    const swaps = [
      swapOf('a', { expected: 'old', next: 'é', upserts: new Map([['k', '💰']]), deletes: ['x', 'y'] }),
      swapOf('b', { next: 'n' }),
    ];
    const [expected, deletes, upserts, texts] = atOnce(swapParameters(swaps));
    expect(expected).toBe('{"accountkeeper:{a}:head":1000000003,"accountkeeper:{b}:head":null}');
    expect(deletes).toBe('{"accountkeeper:{a}:":["r:x","r:y"]}');
    expect(upserts).toBe(
      '{"accountkeeper:{a}:":{"r:k":4000000004,"head":8000000002},"accountkeeper:{b}:":{"head":10000000001}}',
    );
    expect(texts.toString()).toBe('old💰én');
  });

  it('deletes a head that is written onto itself', () => {
    const [, deletes] = atOnce(swapParameters([swapOf('a', { expected: 'same', next: 'same' })]));
    expect(deletes).toBe('{"accountkeeper:{a}:":["head"]}');
  });
});

const text = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.json(),
  fc.constantFrom('', '\0', '\ufeff', '{"a":1e400,"a":-0.0, "b" : "\\u00e9\\/"}', '['.repeat(3000) + ']'.repeat(3000)),
);
const id = fc.string({ unit: 'binary', minLength: 1, maxLength: 8 });
const records = fc.dictionary(fc.stringMatching(/^[A-Za-z0-9_.%/-]{1,8}$/), text, { noNullPrototype: true });

describe('SqliteConnection: swap', () => {
  it('stores and compares texts character by character', async () => {
    const database = await connection(join(await temporaryFolder(), 'state.db'));
    const stored = new Map<string, string>();
    await fc.assert(
      fc.asyncProperty(fc.uniqueArray(fc.tuple(id, text, records), { selector: ([key]) => key }), async (accounts) => {
        const swapped = accounts.map(([name, next, upserts]) => {
          const change = changeOf({ expected: stored.get(name), next, upserts: new Map(Object.entries(upserts)) });
          stored.set(name, next);
          return database.swap(layout.account(name), change, operation);
        });
        expect(await Promise.all(swapped)).toEqual(accounts.map(() => true));
        for (const [name, next, upserts] of accounts) {
          const account = layout.account(name);
          const entries = await database.readAccount(account, operation);
          const found = new Map(entries.map((entry) => [entry.key, entry.text]));
          expect(found.get(account.head)).toBe(next);
          for (const [key, value] of Object.entries(upserts)) expect(found.get(account.recordPrefix + key)).toBe(value);
        }
      }),
      { numRuns: 60 },
    );
  });

  it('finds another head that differs in one character, and one that is not there', async () => {
    const database = await connection(join(await temporaryFolder(), 'state.db'));
    const account = layout.account('a');
    const swap = (change: Partial<HeadSwap>): Promise<boolean> => database.swap(account, changeOf(change), operation);
    expect(await swap({ expected: '' })).toBe(false);
    expect(await swap({ expected: undefined, next: 'é' })).toBe(true);
    for (const expected of [undefined, '', 'e', 'É', 'é ', 'e\u0301']) expect(await swap({ expected })).toBe(false);
    expect(await swap({ expected: 'é', next: 'é' })).toBe(true);
    expect(await database.readHead(account, operation)).toBe('é');
  });
});
