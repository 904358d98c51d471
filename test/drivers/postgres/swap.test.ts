import fc from 'fast-check';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { atOnce } from '../../../src/core/shared/slices.js';
import type { HeadSwap } from '../../../src/drivers/base/backend-connection.js';
import { encodeDocument, SEPARATOR } from '../../../src/drivers/base/envelope.js';
import type { AccountSwap } from '../../../src/drivers/base/group-commit.js';
import { escapeKey } from '../../../src/drivers/base/key-escape.js';
import { KeyLayout } from '../../../src/drivers/base/key-layout.js';
import { postgresStatements, type SwapKind } from '../../../src/drivers/postgres/statements.js';
import { swapValues } from '../../../src/drivers/postgres/swap-values.js';
import { startPostgres } from '../../support/servers/sql/postgres-server.js';
import { manualOperation } from '../base/manual-operation.js';
import { uniqueName } from './support.js';

const server = await startPostgres();
const statements = postgresStatements('public', uniqueName());
const { table } = statements;
await server.query(statements.createTable);

const layout = new KeyLayout();
const { operation } = manualOperation();

afterAll(() => server.dispose());

function swapOf(id: string, change: Partial<HeadSwap>): AccountSwap {
  const none = { expected: 'old', next: 'new', upserts: new Map<string, string>(), deletes: [], deletesAll: false };
  return { account: layout.account(id), change: { ...none, ...change }, operation };
}

describe('the values of a swap', () => {
  it('are as many as they are said to be, whatever ids, keys and texts there are', () => {
    const anyText = fc.string({ unit: 'binary', minLength: 1 });
    const change = fc.record({
      id: anyText,
      upserts: fc.array(fc.tuple(anyText, anyText)),
      deletes: fc.array(anyText),
    });
    fc.assert(
      fc.property(fc.array(change, { minLength: 1 }), (changes) => {
        const swaps = changes.map(({ id, upserts, deletes }) =>
          swapOf(id, {
            upserts: new Map(upserts.map(([key, text]) => [escapeKey(key), encodeDocument(text)])),
            deletes: deletes.map(escapeKey),
          }),
        );
        const { values, isDeleting } = atOnce(swapValues(swaps));
        const lists = values.map((text) => (text === '' ? [] : text.split(SEPARATOR)));
        const stored = swaps.flatMap(({ account, change: { upserts } }, index) =>
          [...upserts].map(([key, text]) => [account.recordPrefix + key, text, String(index + 1)]),
        );
        const doomed = swaps.flatMap(({ account, change: { deletes } }, index) =>
          deletes.map((key) => [account.recordPrefix + key, String(index + 1)]),
        );
        expect(lists[0]).toEqual(swaps.map(({ account }) => account.head));
        expect(lists[3]).toEqual(swaps.map(({ change: { upserts } }) => String(upserts.size)));
        expect(isDeleting).toBe(doomed.length > 0);
        expect(lists.slice(4)).toEqual([
          ...[0, 1, 2].map((column) => stored.map((row) => row[column])),
          ...(isDeleting ? [0, 1].map((column) => doomed.map((row) => row[column])) : []),
        ]);
      }),
    );
  });
});

describe('the statement of a swap', () => {
  beforeEach(async () => void (await server.query(`TRUNCATE ${table}`)));

  async function run(kind: SwapKind, swaps: readonly AccountSwap[]): Promise<unknown> {
    const { values, isDeleting } = atOnce(swapValues(swaps));
    const [row] = await server.query(statements.swap[kind][isDeleting ? 'deleting' : 'storing'], values);
    return row;
  }

  async function stored(): Promise<unknown> {
    const rows = await server.query(`SELECT key, value FROM ${table} ORDER BY key`);
    return Object.fromEntries(rows.map(({ key, value }) => [String(key).replace('accountkeeper:', ''), value]));
  }

  it('makes each change on its own condition, with its own records', async () => {
    await run('first', [
      swapOf('a', {
        upserts: new Map([
          ['k', '1'],
          ['old', '1'],
        ]),
      }),
    ]);
    await run('first', [swapOf('b', { upserts: new Map([['k', '1']]) })]);
    expect(await run('first', [swapOf('b', { next: 'other' })])).toMatchObject({ swapped: null, differs: '1' });
    const row = await run('together', [
      swapOf('a', { expected: 'new', next: 'a2', upserts: new Map([['k', '2']]), deletes: ['old', 'never stored'] }),
      swapOf('b', { expected: 'other', next: 'b2', upserts: new Map([['k', '2']]), deletes: ['k'] }),
      swapOf('c', { expected: 'new', next: 'c2', upserts: new Map([['k', '2']]) }),
    ]);
    expect(row).toMatchObject({ swapped: '1', differs: '2' });
    expect(await stored()).toEqual({ '{a}:head': 'a2', '{a}:r:k': '2', '{b}:head': 'new', '{b}:r:k': '1' });
    expect(await run('alone', [swapOf('b', { expected: 'new', next: 'b3', deletes: ['k'] })])).toMatchObject({
      swapped: '1',
    });
    expect(await run('alone', [swapOf('b', { expected: 'new', next: 'b4' })])).toMatchObject({ differs: '1' });
    expect(await stored()).toEqual({ '{a}:head': 'a2', '{a}:r:k': '2', '{b}:head': 'b3' });
  });

  it.each(['together', 'alone', 'first'] as const)(
    'stores nothing when a text has a separator in it, which none has: %s',
    async (kind) => {
      if (kind !== 'first') await run('first', [swapOf('a', { next: 'old' })]);
      const before = await stored();
      const upserts = new Map([
        ['k', `1${SEPARATOR}2`],
        ['l', '3'],
      ]);
      await expect(run(kind, [swapOf('a', { upserts })])).rejects.toMatchObject({ code: /^2/ });
      expect(await stored()).toEqual(before);
    },
  );
});
