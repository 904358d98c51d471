import type { StandardSchemaV1 } from '@standard-schema/spec';
import {
  type AccountKeeperError,
  AccountStateStore,
  type Codec,
  closeOnSignals,
  createDriver,
  type EngineOrder,
  type EngineSimplePosition,
  isAccountKeeperError,
  jsonCodec,
  MemoryDriver,
  type Ownership,
  openAccount,
  type PersistenceDriver,
  type PersistenceState,
  type RestoreResult,
  richCodec,
  type StandardSchema,
  type TableName,
} from 'accountkeeper';
import { runDriverContract } from 'accountkeeper/contract';
import { type BackendConnection, BaseDriver, type BaseDriverOptions, KeyLayout } from 'accountkeeper/driver-kit';
import { SqliteDriver } from 'accountkeeper/drivers/sqlite';
import * as v from 'valibot';
import { describe, expectTypeOf, it } from 'vitest';
import { z } from 'zod';

interface EntryMetadata {
  leaderId: string;
  entryCountLong?: number;
}

/** Checked by the compiler, in `npm run typecheck`; never run. */
describe('the types of the store', () => {
  const store = new AccountStateStore<EntryMetadata, { cursor: number }>();

  it('know the shape of the metadata', () => {
    expectTypeOf(store.getSymbolMetadata('A')).toExtend<Readonly<EntryMetadata> | undefined>();
    expectTypeOf(store.getAccountMetadata()).toExtend<Readonly<{ cursor: number }> | undefined>();
    store.setSymbolMetadata('A', { leaderId: 'L1' });
    store.setSymbolMetadataValue('A', 'entryCountLong', 1);
    store.updateSymbolMetadata('A', (previous) => ({ leaderId: previous?.leaderId ?? 'L1' }));
    // @ts-expect-error leaderId is missing
    store.setSymbolMetadata('A', { entryCountLong: 1 });
    // @ts-expect-error no such key
    store.setSymbolMetadataValue('A', 'entryCount', 1);
    // @ts-expect-error not a number
    store.setSymbolMetadataValue('A', 'entryCountLong', '1');
    // @ts-expect-error no such key
    store.setAccountMetadata({ cursr: 1 });
  });

  it('take any object as metadata by default', () => {
    const loose = new AccountStateStore();
    loose.setSymbolMetadata('A', { anything: [1, 'two'] });
    expectTypeOf(loose.getSymbolMetadata('A')?.['anything']).toEqualTypeOf<unknown>();
  });

  it('hand positions and orders on as what accountstate calls them', () => {
    expectTypeOf(store.getAllPositions()).toExtend<EngineSimplePosition[]>();
    expectTypeOf(store.getOrders()).toExtend<EngineOrder[]>();
    expectTypeOf(store.getOrdersForSymbolSide).parameter(1).toEqualTypeOf<'BUY' | 'SELL'>();
    // @ts-expect-error no such side
    store.getActivePosition('A', 'UP');
  });

  it('take what is not known as null or leave it out, and hand it on as undefined', () => {
    const position = { ...({} as EngineSimplePosition), valueUpnl: null, liquidationPrice: null };
    store.setActivePosition('A', 'LONG', position);
    store.upsertActiveOrder({ ...({} as EngineOrder), averagePrice: null });
    store.reconcile({ positions: [position], balances: { USDT: 1 }, asOfMs: { positions: 1, balances: 2 } });
    expectTypeOf<EngineSimplePosition['valueUpnl']>().toEqualTypeOf<number | undefined>();
    // @ts-expect-error a size is always known
    store.setActivePosition('A', 'LONG', { ...position, assetQty: null });
    // @ts-expect-error no such part
    store.reconcile({ orders: [], asOfMs: { orderz: 1 } });
    const { vanishedOrders } = store.reconcile({ orders: [], asOfMs: 1, scope: { orders: (each) => each.price > 0 } });
    expectTypeOf(vanishedOrders).toExtend<readonly Readonly<EngineOrder>[]>();
  });

  it('name the kinds of instruments', () => {
    new AccountStateStore({ instruments: () => ({ kind: 'inverse', multiplier: 100, settleAsset: 'BTC' }) });
    // @ts-expect-error no such kind
    new AccountStateStore({ instruments: () => ({ kind: 'perpetual', multiplier: 1, settleAsset: 'BTC' }) });
    expectTypeOf(store.getSessionSummary(1, { asset: 'BTC', rates: { USDT: 1 } }).unvalued).toExtend<
      readonly string[]
    >();
  });

  it('return what a transaction returns', () => {
    expectTypeOf(store.transaction(() => 5)).toEqualTypeOf<number>();
  });

  it('know how an account can be owned, and what its status says of it', () => {
    new AccountStateStore({
      ownership: 'wait',
      spill: { directory: 'd' },
      highWater: { directory: 'd' },
    });
    new AccountStateStore({ ownership: { mode: 'wait', leaseMs: 5_000 } });
    // @ts-expect-error no such mode
    new AccountStateStore({ ownership: 'lead' });
    // @ts-expect-error a spill needs a directory
    new AccountStateStore({ spill: {} });
    expectTypeOf(store.persistenceStatus().ownership).toEqualTypeOf<Ownership>();
    expectTypeOf(store.refresh).returns.resolves.toEqualTypeOf<RestoreResult>();
    expectTypeOf(closeOnSignals).toBeCallableWith([store], { deadlineMs: 5_000 });
    expectTypeOf(closeOnSignals).toBeCallableWith(() => new Set([store]));
  });

  it('know each event and its payload', () => {
    store.on('flushed', ({ revision, records }) => {
      expectTypeOf(revision).toEqualTypeOf<number>();
      expectTypeOf(records).toEqualTypeOf<readonly string[]>();
    });
    store.on('flush-failed', ({ error }) => expectTypeOf(error).toEqualTypeOf<AccountKeeperError>());
    store.on('fenced', ({ unacknowledged }) => {
      expectTypeOf(unacknowledged).toEqualTypeOf<ReadonlyMap<string, unknown>>();
    });
    // @ts-expect-error no such event
    store.on('flush', () => undefined);
  });

  it('resolve what restore found', () => {
    expectTypeOf(store.restore()).resolves.toEqualTypeOf<RestoreResult>();
    expectTypeOf<RestoreResult['status']>().toEqualTypeOf<'restored' | 'empty'>();
    expectTypeOf(store.persistenceStatus().state).toEqualTypeOf<PersistenceState>();
    expectTypeOf(store).toExtend<AsyncDisposable>();
  });

  it('narrow errors by the brand', () => {
    const thrown: unknown = undefined;
    if (isAccountKeeperError(thrown)) expectTypeOf(thrown.outcome).toEqualTypeOf<'not-applied' | 'unknown'>();
  });
});

describe('the types of the options', () => {
  it('take schemas of any library', () => {
    const zod = z.object({ leaderId: z.string(), entryCountLong: z.number().optional() });
    const valibot = v.object({ leaderId: v.string(), entryCountLong: v.optional(v.number()) });
    expectTypeOf(zod).toExtend<StandardSchema<{ leaderId: string; entryCountLong?: number | undefined }>>();
    expectTypeOf(valibot).toExtend<StandardSchema<{ leaderId: string; entryCountLong?: number | undefined }>>();
    expectTypeOf<StandardSchemaV1<unknown, EntryMetadata>>().toExtend<StandardSchema<EntryMetadata>>();
    // @ts-expect-error the schema is of another shape
    new AccountStateStore<EntryMetadata>({ schema: z.object({ leaderId: z.number() }) });
  });

  it('take a URL, a config object of the driver, or a driver', () => {
    expectTypeOf(createDriver('memory:')).toEqualTypeOf<PersistenceDriver>();
    createDriver({ driver: 'sqlite', path: './state.db', synchronous: 'NORMAL' });
    createDriver(new SqliteDriver({ path: './state.db' }));
    createDriver(new MemoryDriver());
    // @ts-expect-error no such setting
    createDriver({ driver: 'sqlite', path: './state.db', synchronous: 'SOMETIMES' });
    // @ts-expect-error an option of another driver
    createDriver({ driver: 'memory', path: './state.db' });
    // @ts-expect-error no account
    openAccount({ persistence: 'memory:' });
  });

  it('name the tables and the codecs', () => {
    expectTypeOf<TableName>().toEqualTypeOf<'metadata' | 'positions' | 'orders' | 'leverage' | 'balance'>();
    expectTypeOf(jsonCodec).toExtend<Codec>();
    expectTypeOf(richCodec).toExtend<Codec>();
  });
});

describe('the types of the contract', () => {
  it('take the functions of any runner', () => {
    runDriverContract({ describe, it }, { name: 'mine', createDriver: () => new MemoryDriver() });
  });
});

describe('the types of the driver kit', () => {
  const connection: BackendConnection = {
    readHead: async ({ head }) => head,
    readAccount: async ({ head }) => [{ key: head, text: '' }],
    swap: async (_, { expected, next }, operation) => !operation.signal.aborted && expected !== next,
    listAccounts: async (cursor) => ({ accounts: [{ id: 'a', head: undefined }], next: cursor }),
    disconnect: async () => undefined,
  };

  class Mine extends BaseDriver {
    readonly name = 'mine';
    readonly capabilities = {
      durability: 'host',
      atomicCommit: true,
      conditionalCommit: true,
      sharedAcrossProcesses: true,
    } as const;
    readonly limits = { keyBytes: 1, valueBytes: 1, batchBytes: 1, batchRecords: 1 };

    constructor(options?: BaseDriverOptions) {
      super(options);
      expectTypeOf(this.layout).toEqualTypeOf<KeyLayout>();
    }

    protected override async connect(): Promise<BackendConnection> {
      return connection;
    }
  }

  it('make a driver of five methods', () => {
    expectTypeOf(new Mine({ prefix: 'p' })).toExtend<PersistenceDriver>();
    // @ts-expect-error the base class has no connection of its own
    new BaseDriver();
    // @ts-expect-error a connection swaps
    const lame: BackendConnection = { ...connection, swap: undefined };
    expectTypeOf(lame).toEqualTypeOf<BackendConnection>();
    expectTypeOf(new KeyLayout().account('a').head).toEqualTypeOf<string>();
  });
});
