import { describe, expect, it } from 'vitest';
import type { OwnershipMode } from '../../../src/core/ownership/ownership-options.js';
import { AccountStateStore } from '../../../src/core/store/account-state-store.js';
import type { AccountStateStoreOptions } from '../../../src/core/store/store-options.js';
import { MemoryBackend } from '../../../src/drivers/memory/backend.js';
import { MemoryDriver } from '../../../src/drivers/memory/driver.js';
import { openAccount, registerDriver } from '../../../src/index.js';
import { FakeClock, settle } from '../../support/fake-clock.js';
import { DRIVER_METHODS, type DriverMethod, SilentDriver } from '../../support/silent-driver.js';

const ACCOUNT = 'test-account';

/** What a store that is given a deadline may take on top: a driver promises to settle by itself. */
const GRACE_MS = 1_000;
const RESTORE_TIMEOUT_MS = 30_000;
const COMMIT_TIMEOUT_MS = 10_000;
const CLOSE_DEADLINE_MS = 10_000;

const MODES: readonly OwnershipMode[] = ['take-over', 'wait', 'read-only'];

/** Every method by itself, and all at once. */
const SILENT: readonly { readonly name: string; readonly methods: readonly DriverMethod[] }[] = [
  { name: 'a driver', methods: DRIVER_METHODS },
  ...DRIVER_METHODS.map((method) => ({ name: `${method}()`, methods: [method] })),
];

interface Silenced {
  readonly store: AccountStateStore;
  readonly driver: SilentDriver;
  readonly clock: FakeClock;
}

/** A store on an account that has records, and no owner. */
async function prepare(options: AccountStateStoreOptions<Record<string, unknown>> = {}): Promise<Silenced> {
  const backend = new MemoryBackend();
  const earlier = new AccountStateStore({ accountId: ACCOUNT, driver: new MemoryDriver({ backend }) });
  await earlier.restore();
  earlier.setSymbolMetadata('A', { n: 1 });
  await earlier.close();
  const clock = new FakeClock();
  const driver = new SilentDriver(backend);
  const store = new AccountStateStore({ accountId: ACCOUNT, driver, clock, random: () => 0.5, ...options });
  return { store, driver, clock };
}

async function prepareRestored(options: AccountStateStoreOptions<Record<string, unknown>> = {}): Promise<Silenced> {
  const silenced = await prepare(options);
  await silenced.store.restore();
  return silenced;
}

/** Whether it is settled once so much time has passed. */
async function settlesWithin(clock: FakeClock, ms: number, promise: Promise<unknown>): Promise<boolean> {
  let isSettled = false;
  const end = (): void => {
    isSettled = true;
  };
  promise.then(end, end);
  await clock.advance(ms);
  await settle();
  return isSettled;
}

describe.each(SILENT)('$name that never answers', ({ methods }) => {
  describe.each(MODES)('with ownership %s', (ownership) => {
    it('lets restore() settle by its timeoutMs', async () => {
      const { store, driver, clock } = await prepare({ ownership });
      driver.silence(methods);
      expect(await settlesWithin(clock, 500 + GRACE_MS, store.restore({ timeoutMs: 500 }))).toBe(true);
    });

    it('lets restore() settle when its signal is aborted', async () => {
      const { store, driver, clock } = await prepare({ ownership });
      driver.silence(methods);
      const abort = new AbortController();
      const restoring = store.restore({ signal: abort.signal });
      await clock.advance(100);
      abort.abort();
      expect(await settlesWithin(clock, 0, restoring)).toBe(true);
    });

    it('lets close() settle by its deadline, and restore() with it', async () => {
      const { store, driver, clock } = await prepare({ ownership });
      driver.silence(methods);
      const restoring = store.restore();
      await clock.advance(100);
      const closing = store.close({ timeoutMs: 500 });
      expect(await settlesWithin(clock, 500 + GRACE_MS, Promise.allSettled([restoring, closing]))).toBe(true);
    });

    it('lets close() settle by its deadline after a restore', async () => {
      const { store, driver, clock } = await prepareRestored({ ownership });
      driver.silence(methods);
      if (ownership !== 'read-only') store.setSymbolMetadata('A', { n: 2 });
      expect(await settlesWithin(clock, 500 + GRACE_MS, store.close({ timeoutMs: 500 }))).toBe(true);
    });

    it('lets close() settle by its deadline when it closes the driver', async () => {
      const { store, driver, clock } = await prepareRestored({ ownership, closeDriver: true });
      driver.silence(methods);
      // A second for the driver, whatever the last flush took.
      expect(await settlesWithin(clock, 500 + 1_000 + GRACE_MS, store.close({ timeoutMs: 500 }))).toBe(true);
    });

    it('lets close() settle by its default, as asyncDispose', async () => {
      const { store, driver, clock } = await prepareRestored({ ownership });
      driver.silence(methods);
      if (ownership !== 'read-only') store.setSymbolMetadata('A', { n: 2 });
      expect(await settlesWithin(clock, CLOSE_DEADLINE_MS + GRACE_MS, store[Symbol.asyncDispose]())).toBe(true);
    });

    it('lets openAccount() settle', async () => {
      const { driver, clock } = await prepare();
      driver.silence(methods);
      const opening = openAccount({
        accountId: ACCOUNT,
        persistence: driver,
        clock,
        ownership,
        restore: { timeoutMs: 500 },
      });
      expect(await settlesWithin(clock, 500 + GRACE_MS, opening)).toBe(true);
    });

    it('lets openAccount() settle when it has made the driver', async () => {
      const { driver, clock } = await prepare();
      driver.silence([...methods, 'close']);
      const scheme = `silent-${ownership}-${methods.join('-')}`;
      registerDriver(scheme, () => driver);
      const opening = openAccount({
        accountId: ACCOUNT,
        persistence: `${scheme}:`,
        clock,
        ownership,
        restore: { timeoutMs: 500, mustExist: true, minRevision: 1_000 },
      });
      // A second for the driver, whatever the restore took.
      expect(await settlesWithin(clock, 500 + 1_000 + 2 * GRACE_MS, opening)).toBe(true);
    });
  });

  it.each(['take-over', 'read-only'] as const)('lets restore() settle by its default (%s)', async (ownership) => {
    const { store, driver, clock } = await prepare({ ownership });
    driver.silence(methods);
    expect(await settlesWithin(clock, RESTORE_TIMEOUT_MS + GRACE_MS, store.restore())).toBe(true);
  });

  it.each([{}, { timeoutMs: 500 }])('lets refresh(%o) settle', async (options) => {
    const { store, driver, clock } = await prepareRestored({ ownership: 'read-only' });
    driver.silence(methods);
    const { timeoutMs = RESTORE_TIMEOUT_MS } = options;
    expect(await settlesWithin(clock, timeoutMs + GRACE_MS, store.refresh(options))).toBe(true);
  });

  describe.each(['flush', 'persistAll'] as const)('lets %s()', (method) => {
    it('settle by its timeoutMs', async () => {
      const { store, driver, clock } = await prepareRestored();
      driver.silence(methods);
      store.setSymbolMetadata('A', { n: 2 });
      expect(await settlesWithin(clock, 500, store[method]({ timeoutMs: 500 }))).toBe(true);
    });

    it('settle by the deadline of a commit', async () => {
      const { store, driver, clock } = await prepareRestored();
      driver.silence(methods);
      store.setSymbolMetadata('A', { n: 2 });
      expect(await settlesWithin(clock, COMMIT_TIMEOUT_MS + GRACE_MS, store[method]())).toBe(true);
    });
  });

  it.each([{}, { timeoutMs: 500 }])('lets persistAll(%o) settle after a rollback', async (options) => {
    const { store, driver, clock } = await prepareRestored();
    driver.inner = new MemoryDriver();
    store.setSymbolMetadata('A', { n: 2 });
    await store.flush().catch(() => undefined);
    expect(store.persistenceStatus().lastError?.code).toBe('ROLLED_BACK');
    driver.silence(methods);
    // It reads what is stored, and commits on top of that.
    const { timeoutMs = 2 * (COMMIT_TIMEOUT_MS + GRACE_MS) } = options;
    expect(await settlesWithin(clock, timeoutMs, store.persistAll(options))).toBe(true);
  });
});

describe('a driver that never answers while the owner is waited for', () => {
  it.each(DRIVER_METHODS.filter((method) => method !== 'head'))(
    'lets restore() settle by its default (%s)',
    async (method) => {
      const { store, driver, clock } = await prepare({ ownership: 'wait' });
      driver.silence([method]);
      expect(await settlesWithin(clock, RESTORE_TIMEOUT_MS + GRACE_MS, store.restore())).toBe(true);
    },
  );

  it('lets restore() wait until it answers again, when it was given no limit', async () => {
    const { store, driver, clock } = await prepare({ ownership: 'wait' });
    driver.silence(['head']);
    const restoring = store.restore();
    expect(await settlesWithin(clock, 10 * RESTORE_TIMEOUT_MS, restoring)).toBe(false);
    driver.silent.clear();
    expect(await settlesWithin(clock, RESTORE_TIMEOUT_MS, restoring)).toBe(true);
    expect(store.persistenceStatus().ownership).toBe('owner');
  });

  it('lets restore() settle by its timeoutMs while another owner renews its lease', async () => {
    const { driver, clock } = await prepare();
    const owner = new AccountStateStore({ accountId: ACCOUNT, driver: driver.inner, clock, ownership: 'wait' });
    await owner.restore();
    const store = new AccountStateStore({ accountId: ACCOUNT, driver, clock, ownership: 'wait' });
    const restoring = store.restore({ timeoutMs: 60_000 });
    await clock.advance(30_000);
    driver.silence(['head', 'load']);
    expect(await settlesWithin(clock, 30_000 + GRACE_MS, restoring)).toBe(true);
  });
});
