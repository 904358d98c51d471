import { getEventListeners } from 'node:events';
import { describe, expect, it, vi } from 'vitest';
import { AccountKeeperError } from '../../../src/core/errors.js';
import type {
  CommitBatch,
  CommitOptions,
  DriverCapabilities,
  DriverLimits,
  PersistenceDriver,
} from '../../../src/core/persistence-driver.js';
import type { AccountPage, BackendConnection } from '../../../src/drivers/base/backend-connection.js';
import { BaseDriver } from '../../../src/drivers/base/base-driver.js';
import type { BaseDriverOptions } from '../../../src/drivers/base/base-options.js';
import { encodeEnvelope } from '../../../src/drivers/base/envelope.js';
import { MemoryBackend } from '../../../src/drivers/memory/backend.js';
import { MemoryConnection } from '../../../src/drivers/memory/connection.js';
import { MemoryDriver } from '../../../src/drivers/memory/driver.js';
import { batchOf, collect, onTopOf, rejection } from '../support.js';

/** A memory driver whose every step waits at a gate, and is logged. */
class GatedDriver extends BaseDriver {
  readonly name: string = 'gated';
  readonly capabilities: DriverCapabilities;
  readonly limits: DriverLimits = { keyBytes: 16, valueBytes: 32, batchBytes: 64, batchRecords: 8 };
  readonly log: string[] = [];
  readonly backend: MemoryBackend = new MemoryBackend();
  /** How the connection is found to be the right one still. */
  checkConnection: (() => Promise<boolean>) | undefined;
  /** What each step does before its work. */
  gate: (step: string) => Promise<void> = async () => {};
  /** What each step does after its work, before its result is known. */
  exit: (step: string) => Promise<void> = async () => {};

  /** What becomes of swaps, in place of the real ones. */
  swaps: (() => Promise<boolean>) | undefined;
  /** An account that no page names. */
  missing: string | undefined;

  constructor(options: BaseDriverOptions = {}, durability: DriverCapabilities['durability'] = 'none') {
    super(options);
    this.capabilities = { durability, atomicCommit: true, conditionalCommit: true, sharedAcrossProcesses: false };
  }

  protected override async connect(): Promise<BackendConnection> {
    const memory = new MemoryConnection(this.backend, this.layout);
    await this.#pass('connect');
    return {
      warnings: [{ code: 'weak', message: 'weak' }],
      readHead: (account) => this.#step('readHead', () => memory.readHead(account)),
      readAccount: (account) => this.#step('readAccount', () => memory.readAccount(account)),
      swap: (account, change) => this.#step('swap', () => this.swaps?.() ?? memory.swap(account, change)),
      listAccounts: () => this.#step('listAccounts', () => this.#listed(memory)),
      ...(this.checkConnection !== undefined && { isCurrent: async () => (await this.checkConnection?.()) ?? true }),
      disconnect: () => this.#pass('disconnect'),
    };
  }

  async #pass(step: string): Promise<void> {
    this.log.push(step);
    await this.gate(step);
  }

  async #listed(memory: MemoryConnection): Promise<AccountPage> {
    const { accounts, next } = await memory.listAccounts();
    return { accounts: accounts.filter(({ id }) => id !== this.missing), next };
  }

  async #step<T>(step: string, work: () => Promise<T>): Promise<T> {
    await this.#pass(step);
    const result = await work();
    await this.exit(step);
    return result;
  }
}

const forever = (): Promise<void> => new Promise(() => {});

const OPERATIONS: [string, 'read' | 'write', (driver: PersistenceDriver, options: object) => Promise<unknown>][] = [
  ['open', 'read', (driver, options) => driver.open(options)],
  ['head', 'read', (driver, options) => driver.head('a', options)],
  ['load', 'read', (driver, options) => driver.load('a', options)],
  ['accounts', 'read', (driver, options) => collect(driver.accounts(options))],
  ['commit', 'write', (driver, options) => driver.commit('a', batchOf(), onTopOf(undefined, options))],
  ['drop', 'write', (driver, options) => driver.drop('a', onTopOf(undefined, options))],
];

const OUTCOME = { read: 'not-applied', write: 'unknown' } as const;

describe('deadlines', () => {
  it.each(OPERATIONS)('%s (a %s) rejects TIMEOUT when the backend hangs', async (name, kind, call) => {
    for (const hanging of ['connect', 'anything else']) {
      if (name === 'open' && hanging !== 'connect') continue;
      const driver = new GatedDriver({ operationTimeoutMs: 15 });
      if (hanging !== 'connect') await driver.open();
      driver.gate = forever;
      const errors = await Promise.all([rejection(call(driver, {})), rejection(call(driver, { timeoutMs: 5 }))]);
      for (const error of errors) {
        expect(error).toMatchObject({ code: 'TIMEOUT', outcome: OUTCOME[kind], retryable: true });
      }
    }
  });

  it.each(OPERATIONS)('%s (a %s) rejects ABORTED without I/O for a signal that is aborted', async (_, __, call) => {
    const driver = new GatedDriver();
    const reason = new Error('stop');
    const error = await rejection(call(driver, { signal: AbortSignal.abort(reason) }));
    expect(error).toMatchObject({ code: 'ABORTED', outcome: 'not-applied', cause: reason });
    expect(driver.log).toEqual([]);
  });

  it.each(OPERATIONS)('%s (a %s) rejects ABORTED for a signal that is aborted midway', async (_, kind, call) => {
    const driver = new GatedDriver();
    driver.gate = forever;
    const controller = new AbortController();
    const aborted = rejection(call(driver, { signal: controller.signal }));
    controller.abort();
    expect(await aborted).toMatchObject({ code: 'ABORTED', outcome: OUTCOME[kind] });
    expect(getEventListeners(controller.signal, 'abort')).toHaveLength(0);
  });

  it('leaves no listener and no timer behind', async () => {
    const started = vi.spyOn(globalThis, 'setTimeout');
    const cleared = vi.spyOn(globalThis, 'clearTimeout');
    const driver = new GatedDriver({ operationTimeoutMs: 54_321 });
    const { signal } = new AbortController();
    let head = await driver.commit('a', batchOf({ k: '1' }), onTopOf(undefined, { signal }));
    for (const call of [driver.open({ signal }), driver.load('a', { signal }), collect(driver.accounts({ signal }))])
      await call;
    head = await driver.drop('a', onTopOf(head, { signal }));
    await rejection(driver.commit('a', batchOf(), onTopOf(undefined, { signal })));
    await driver.close({ signal });
    expect(getEventListeners(signal, 'abort')).toHaveLength(0);
    const timers = started.mock.results.filter((_, call) => started.mock.calls[call]?.[1] === 54_321);
    const gone = new Set(cleared.mock.calls.map(([timer]) => timer));
    vi.restoreAllMocks();
    expect(timers.length).toBeGreaterThan(0);
    expect(timers.every(({ value }) => gone.has(value))).toBe(true);
  });

  it('share one timer, whatever is in flight', async () => {
    const driver = new GatedDriver({ operationTimeoutMs: 54_321 });
    await driver.open();
    const started = vi.spyOn(globalThis, 'setTimeout');
    await Promise.all(Array.from({ length: 40 }, (_, index) => driver.head(`a${index}`)));
    const delays = started.mock.calls.map(([, delayMs]) => delayMs);
    vi.restoreAllMocks();
    expect(delays).toEqual([54_321]);
  });

  it('lets nothing of an abandoned operation reach the backend, nor anybody hear of its late failure', async () => {
    const driver = new GatedDriver();
    await driver.open();
    let fail: ((error: Error) => void) | undefined;
    driver.gate = () =>
      new Promise((_, reject) => {
        fail = reject;
      });
    expect((await rejection(driver.load('a', { timeoutMs: 1 }))).code).toBe('TIMEOUT');
    fail?.(new Error('too late'));
    const logged = driver.log.length;
    const aborting = new AbortController();
    const first = rejection(driver.commit('a', batchOf(), onTopOf(undefined, { signal: aborting.signal })));
    const second = rejection(driver.commit('a', batchOf(), onTopOf(undefined, { timeoutMs: 5 })));
    expect((await second).code).toBe('TIMEOUT');
    aborting.abort();
    expect((await first).code).toBe('ABORTED');
    driver.gate = async () => {};
    await driver.load('a');
    expect(driver.log.slice(logged)).toEqual(['swap', 'readAccount']);
  });
});

describe('commits that are not awaited', () => {
  it('apply in the order of their calls, however long each takes to find its connection', async () => {
    const driver = new GatedDriver();
    driver.checkConnection = async () => true;
    await driver.open();
    const checks: ((current: boolean) => void)[] = [];
    driver.checkConnection = () => new Promise((resolve) => checks.push(resolve));
    const commit = (revision: number): Promise<unknown> => {
      const expected = revision === 1 ? undefined : { revision: revision - 1, writeId: `w${revision - 1}` };
      return driver.commit('a', batchOf(), { expected, writerId: 'me', writeId: `w${revision}` });
    };
    const commits = Promise.allSettled([commit(1), commit(2), commit(3)]);
    let settled = false;
    void commits.then(() => {
      settled = true;
    });
    while (!settled) {
      // The last one that asked is answered first.
      checks.pop()?.(true);
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(await commits).toMatchObject([
      { status: 'fulfilled', value: { revision: 1 } },
      { status: 'fulfilled', value: { revision: 2 } },
      { status: 'fulfilled', value: { revision: 3 } },
    ]);
  });
});

describe('what an outage leaves', () => {
  it('is unknown for a write and nothing for a read, when the backend throws whatever it likes', async () => {
    const driver = new GatedDriver();
    await driver.open();
    driver.gate = async () => {
      throw new TypeError('broken');
    };
    const read = await rejection(driver.load('a'));
    expect(read).toMatchObject({ code: 'UNAVAILABLE', outcome: 'not-applied', cause: { message: 'broken' } });
    const write = await rejection(driver.commit('a', batchOf(), onTopOf(undefined)));
    expect(write).toMatchObject({ code: 'UNAVAILABLE', outcome: 'unknown', retryable: true });
    expect((await rejection(collect(driver.accounts()))).code).toBe('UNAVAILABLE');
  });

  it('is found out by a repetition, if the commit landed and its answer was lost', async () => {
    const driver = new GatedDriver();
    driver.exit = async (step) => {
      if (step === 'swap') throw new Error('connection lost');
    };
    const options = onTopOf(undefined);
    expect((await rejection(driver.commit('a', batchOf({ k: '1' }), options))).outcome).toBe('unknown');
    driver.exit = async () => {};
    expect(await driver.commit('a', batchOf({ k: '1' }), options)).toMatchObject({ revision: 1 });
    expect(driver.log).toEqual(['connect', 'swap', 'swap', 'readHead', 'swap']);
  });

  it('is tried again when the backend reports a difference and the expected head is stored', async () => {
    const driver = new GatedDriver();
    const head = await driver.commit('a', batchOf(), onTopOf(undefined));
    const key = 'accountkeeper:{a}:head';
    // As version 0.1.0 writes it.
    const { revision, writerId, writeId, meta, dropped } = head;
    driver.backend.set(key, encodeEnvelope(JSON.stringify({ revision, writerId, writeId, meta, dropped })));
    expect(await driver.commit('a', batchOf(), onTopOf(head))).toMatchObject({ revision: 2 });
  });

  it('stays unknown when the repetition finds the commit, and cannot make it durable', async () => {
    const driver = new GatedDriver();
    driver.exit = async (step) => {
      if (step === 'swap') throw new Error('connection lost');
    };
    const options = onTopOf(undefined);
    await rejection(driver.commit('a', batchOf({ k: '1' }), options));
    const cause = new AccountKeeperError('UNAVAILABLE', 'out of memory', { retryable: false });
    driver.gate = async (step) => {
      if (step === 'swap' && driver.log.includes('readHead')) throw cause;
    };
    driver.exit = async () => {};
    const expected = { code: 'UNAVAILABLE', outcome: 'unknown', retryable: false, cause };
    expect(await rejection(driver.commit('a', batchOf({ k: '1' }), options))).toMatchObject(expected);
  });

  it('is UNAVAILABLE when the backend goes on reporting a difference that is not to be seen', async () => {
    const driver = new GatedDriver();
    const head = await driver.commit('a', batchOf(), onTopOf(undefined));
    driver.swaps = async () => false;
    driver.log.length = 0;
    const fresh = await rejection(driver.commit('a', batchOf(), onTopOf(head)));
    expect(fresh).toMatchObject({ code: 'UNAVAILABLE', outcome: 'not-applied', retryable: true });
    const { writeId } = head;
    const again = await rejection(driver.commit('a', batchOf(), { expected: undefined, writerId: 'me', writeId }));
    expect(again).toMatchObject({ code: 'UNAVAILABLE', outcome: 'unknown', retryable: true });
    expect(driver.log.length).toBeLessThan(60);
  });
});

describe('a rollback', () => {
  it('is none when a commit that was not acknowledged was read, and is gone', async () => {
    const driver = new GatedDriver();
    const head = await driver.commit('a', batchOf(), onTopOf(undefined));
    const key = 'accountkeeper:{a}:head';
    const acknowledged = driver.backend.get(key) ?? '';
    driver.exit = async (step) => {
      if (step === 'swap') throw new Error('no replica has it');
    };
    const options = onTopOf(head);
    await rejection(driver.commit('a', batchOf(), options));
    driver.exit = async () => {};
    expect(await driver.head('a')).toMatchObject({ revision: 2 });
    expect((await driver.load('a'))?.head).toMatchObject({ revision: 2 });
    driver.backend.set(key, acknowledged);
    expect(await driver.head('a')).toEqual(head);
    expect(await driver.commit('a', batchOf(), options)).toMatchObject({ revision: 2, writeId: options.writeId });
    driver.backend.set(key, acknowledged);
    expect((await rejection(driver.head('a'))).code).toBe('ROLLED_BACK');
  });

  it("is one when another writer's commit was read, and is gone", async () => {
    const driver = new GatedDriver();
    const head = await driver.commit('a', batchOf(), onTopOf(undefined));
    const key = 'accountkeeper:{a}:head';
    const former = driver.backend.get(key) ?? '';
    await new MemoryDriver({ backend: driver.backend }).commit('a', batchOf(), onTopOf(head));
    await driver.load('a');
    driver.backend.set(key, former);
    expect((await rejection(driver.head('a'))).code).toBe('ROLLED_BACK');
  });

  it('is one with durability replicated only if the commit was acknowledged to this driver', async () => {
    const driver = new GatedDriver({}, 'replicated');
    const key = 'accountkeeper:{a}:head';
    const head = await driver.commit('a', batchOf(), onTopOf(undefined));
    const acknowledged = driver.backend.get(key) ?? '';
    await new MemoryDriver({ backend: driver.backend }).commit('a', batchOf(), onTopOf(head));
    expect((await driver.load('a'))?.head.revision).toBe(2);
    expect((await driver.head('a'))?.revision).toBe(2);
    driver.backend.set(key, acknowledged);
    expect(await driver.head('a')).toEqual(head);
    driver.backend.delete(key);
    expect((await rejection(driver.head('a'))).code).toBe('ROLLED_BACK');
  });

  it('is found by a listing that does not name an account which was acknowledged', async () => {
    const driver = new GatedDriver();
    await driver.commit('a', batchOf(), onTopOf(undefined));
    const dropped = await driver.commit('b', batchOf(), onTopOf(undefined));
    await driver.drop('b', onTopOf(dropped));
    expect(await collect(driver.accounts())).toEqual(['a']);
    driver.backend.delete('accountkeeper:{a}:head');
    expect((await rejection(collect(driver.accounts()))).code).toBe('ROLLED_BACK');
  });

  it('is none when another driver dropped the account; one that a page has missed is listed all the same', async () => {
    const driver = new GatedDriver();
    const other = new MemoryDriver({ backend: driver.backend });
    for (const id of ['a', 'b', 'c']) await driver.commit(id, batchOf(), onTopOf(undefined));
    await other.drop('a', onTopOf((await other.head('a')) ?? undefined));
    driver.missing = 'b';
    expect((await collect(driver.accounts())).toSorted()).toEqual(['b', 'c']);
  });
});

describe('many operations with one signal', () => {
  it('make Node.js warn of nothing', async () => {
    const warned = vi.spyOn(process, 'emitWarning');
    const driver = new GatedDriver();
    const { signal } = new AbortController();
    await Promise.all(Array.from({ length: 40 }, (_, index) => driver.head(`a${index}`, { signal })));
    expect(warned).not.toHaveBeenCalled();
    warned.mockRestore();
  });
});

describe('open', () => {
  it('is shared, idempotent, and tells its warnings to each caller', async () => {
    const driver = new GatedDriver();
    const codes: string[] = [];
    const onWarning = ({ code }: { code: string }): void => void codes.push(code);
    await Promise.all([driver.open({ onWarning }), driver.open(), driver.head('a')]);
    await driver.open({ onWarning });
    expect(codes).toEqual(['weak', 'weak']);
    expect(driver.log.filter((step) => step === 'connect')).toHaveLength(1);
    await driver.close();
  });

  it('can be called again after it failed, or hung', async () => {
    const driver = new GatedDriver();
    driver.gate = async () => {
      throw new Error('down');
    };
    expect((await rejection(driver.open())).code).toBe('UNAVAILABLE');
    const releases: (() => void)[] = [];
    driver.gate = () => new Promise((resolve) => releases.push(resolve));
    expect((await rejection(driver.open({ timeoutMs: 5 }))).code).toBe('TIMEOUT');
    driver.gate = async () => {};
    await driver.open();
    for (const release of releases) release();
    await driver.load('a');
    expect(driver.log).toEqual(['connect', 'connect', 'connect', 'readAccount', 'disconnect']);
    await driver.close();
    expect(driver.log.filter((step) => step === 'disconnect')).toHaveLength(2);
  });

  it('goes on for the others when one caller gives up', async () => {
    const driver = new GatedDriver();
    let release: (() => void) | undefined;
    driver.gate = () =>
      new Promise((resolve) => {
        release = resolve;
      });
    const opening = driver.open();
    expect((await rejection(driver.open({ timeoutMs: 1 }))).code).toBe('TIMEOUT');
    release?.();
    await opening;
    expect(driver.log).toEqual(['connect']);
  });
});

describe('close', () => {
  it('awaits what is in flight, and settles for all callers', async () => {
    const driver = new GatedDriver();
    await driver.open();
    let release: (() => void) | undefined;
    driver.gate = (step) =>
      step === 'swap'
        ? new Promise((resolve) => {
            release = resolve;
          })
        : Promise.resolve();
    const committing = driver.commit('a', batchOf(), onTopOf(undefined));
    const closings = [driver.close(), driver.close()];
    expect((await rejection(driver.head('a'))).code).toBe('CLOSED');
    expect(driver.log).not.toContain('disconnect');
    release?.();
    await Promise.all([...closings, driver.close()]);
    expect(await committing).toMatchObject({ revision: 1 });
    expect(driver.log.filter((step) => step === 'disconnect')).toHaveLength(1);
  });

  it('awaits the work of a commit whose caller has given up', async () => {
    const driver = new GatedDriver();
    await driver.open();
    let finish = (): void => {};
    driver.exit = () =>
      new Promise((resolve) => {
        finish = resolve;
      });
    expect((await rejection(driver.commit('a', batchOf(), onTopOf(undefined, { timeoutMs: 5 })))).code).toBe('TIMEOUT');
    let closed = false;
    const closing = driver.close().then(() => {
      closed = true;
    });
    await vi.waitFor(() => expect(driver.log).toContain('disconnect'));
    expect(closed).toBe(false);
    finish();
    await closing;
  });

  it('rejects TIMEOUT at its deadline, and ends what is in flight', async () => {
    const driver = new GatedDriver();
    driver.gate = forever;
    const calls = OPERATIONS.map(([, kind, call]) => [OUTCOME[kind], rejection(call(driver, {}))] as const);
    expect((await rejection(driver.close({ timeoutMs: 5 }))).code).toBe('TIMEOUT');
    for (const [outcome, call] of calls) expect(await call).toMatchObject({ code: 'CLOSED', outcome });
    await driver.close();
  });

  it('does nothing for a signal that is aborted', async () => {
    const driver = new GatedDriver();
    expect((await rejection(driver.close({ signal: AbortSignal.abort() }))).code).toBe('ABORTED');
    await driver.open();
    await driver.close();
  });

  it('ends an iteration that is under way', async () => {
    const driver = new GatedDriver();
    await driver.commit('a', batchOf(), onTopOf(undefined));
    const iterator = driver.accounts()[Symbol.asyncIterator]();
    await driver.close();
    expect((await rejection(iterator.next())).code).toBe('CLOSED');
  });
});

describe('input', () => {
  it.each([0, -1, Number.NaN, '5'])('rejects CONFIG for an operationTimeoutMs of %j', (operationTimeoutMs) => {
    expect(() => new GatedDriver({ operationTimeoutMs } as never)).toThrow(expect.objectContaining({ code: 'CONFIG' }));
  });

  const driver = new GatedDriver();
  const commit = (batch: unknown, more: object = {}): Promise<unknown> =>
    driver.commit('a', batch as never, onTopOf(undefined, more));

  it.each<{ id: unknown }>([{ id: '' }, { id: undefined }, { id: null }, { id: 5 }, { id: ['a'] }])(
    'rejects INVALID_KEY for the account id $id',
    async ({ id }) => {
      const calls = [
        driver.head(id as string),
        driver.load(id as string),
        driver.commit(id as string, batchOf(), onTopOf(undefined)),
        driver.drop(id as string, onTopOf(undefined)),
      ];
      for (const error of await Promise.all(calls.map(rejection))) {
        expect(error).toMatchObject({ code: 'INVALID_KEY', outcome: 'not-applied', retryable: false });
      }
    },
  );

  it.each<[string, string, unknown, readonly string[] | undefined]>([
    ['INVALID_KEY', 'an empty record key', batchOf({ '': 'x' }), ['']],
    ['INVALID_KEY', 'an empty deleted key', batchOf({}, ['']), ['']],
    ['INVALID_KEY', 'a number as record key', { upserts: new Map([[1, 'x']]), deletes: new Set() }, undefined],
    ['INVALID_KEY', 'a key in both', batchOf({ k: 'x' }, ['k']), ['k']],
    ['INVALID_VALUE', 'a value that is no string', { upserts: new Map([['k', 1]]), deletes: new Set() }, ['k']],
    ['INVALID_VALUE', 'an object for a map', { upserts: { k: 'x' }, deletes: new Set() }, undefined],
    ['INVALID_VALUE', 'an array for a set', { upserts: new Map(), deletes: [] }, undefined],
    ['INVALID_VALUE', 'an array for a set of documents', { ...batchOf(), documents: [] }, undefined],
    ['CONFIG', 'no batch', undefined, undefined],
    ['INVALID_KEY', 'a key that is too long', batchOf({ ['x'.repeat(17)]: '' }), ['x'.repeat(17)]],
    ['INVALID_KEY', 'a key of too many bytes', batchOf({ ['é'.repeat(9)]: '' }), ['é'.repeat(9)]],
    ['TOO_LARGE', 'a value that is too long', batchOf({ a: '', k: 'x'.repeat(33) }), ['k']],
    ['TOO_LARGE', 'a batch that is too large', batchOf({ a: 'x'.repeat(31), b: 'x'.repeat(31) }, ['d']), undefined],
  ])('rejects %s for %s', async (code, _, batch, records) => {
    const error = await rejection(commit(batch));
    expect(error).toMatchObject({ code, outcome: 'not-applied' });
    expect(error.records).toEqual(records);
  });

  it.each<[string, object]>([
    ['CONFIG', { expected: null }],
    ['CONFIG', { expected: 1 }],
    ['CONFIG', { expected: {} }],
    ['CONFIG', { expected: { revision: -1, writeId: 'w' } }],
    ['CONFIG', { expected: { revision: 1.5, writeId: 'w' } }],
    ['CONFIG', { expected: { revision: Number.MAX_SAFE_INTEGER, writeId: 'w' } }],
    ['CONFIG', { expected: { revision: 1 } }],
    ['CONFIG', { writerId: '' }],
    ['CONFIG', { writerId: 1 }],
    ['CONFIG', { writeId: '' }],
    ['CONFIG', { writeId: undefined }],
    ['TOO_LARGE', { writeId: 'x'.repeat(1025) }],
    ['CONFIG', { revisionFloor: -1 }],
    ['CONFIG', { revisionFloor: Number.NaN }],
    ['CONFIG', { revisionFloor: Number.MAX_SAFE_INTEGER }],
    ['INVALID_VALUE', { meta: 1 }],
    ['TOO_LARGE', { meta: 'x'.repeat(33) }],
    ['CONFIG', { timeoutMs: -1 }],
    ['CONFIG', { timeoutMs: '5' }],
    ['CONFIG', { timeoutMs: Number.NaN }],
    ['CONFIG', { signal: {} }],
  ])('rejects %s for the options %j', async (code, more) => {
    const calls = [commit(batchOf(), more), driver.drop('a', onTopOf(undefined, more))];
    for (const error of await Promise.all(calls.map(rejection)))
      expect(error).toMatchObject({ code, outcome: 'not-applied' });
  });

  it('rejects CONFIG when expected is left out, or all options are', async () => {
    const { expected: _, ...rest } = onTopOf(undefined);
    for (const options of [rest, undefined, null]) {
      const calls = [
        driver.commit('a', batchOf(), options as CommitOptions),
        driver.drop('a', options as CommitOptions),
      ];
      for (const error of await Promise.all(calls.map(rejection))) expect(error.code).toBe('CONFIG');
    }
    expect((await rejection(driver.head('a', null as never))).code).toBe('CONFIG');
    expect((await rejection(driver.open({ onWarning: 1 as never }))).code).toBe('CONFIG');
  });

  it('reaches the backend for none of these', () => {
    expect(driver.log).toEqual([]);
  });

  it.each(['x', 'é', '€', '💰', '\ud800'])('is measured in bytes, whatever the characters: %j', async (character) => {
    const outcomeOf = (batch: CommitBatch): Promise<unknown> =>
      new GatedDriver().commit('a', batch, onTopOf(undefined)).then(
        () => 'written',
        ({ code }) => code,
      );
    const bytes = Buffer.byteLength(character);
    const longest = character.repeat(Math.floor(32 / bytes));
    expect(await outcomeOf(batchOf({ a: longest }))).toBe('written');
    expect(await outcomeOf(batchOf({ a: longest + character }))).toBe('TOO_LARGE');
    expect(await outcomeOf({ ...batchOf({ a: longest + character }), documents: new Set(['a']) })).toBe('TOO_LARGE');
    const full = { a: longest, b: 'x'.repeat(64 - 'ab'.length - Buffer.byteLength(longest)) };
    expect(await outcomeOf(batchOf(full))).toBe('written');
    expect(await outcomeOf(batchOf(full, ['c']))).toBe('TOO_LARGE');
  });

  it.each([400, 1])('is what it was at the call, with %i records to write and many turns to take', async (written) => {
    const driver = new MemoryDriver();
    const text = 'x'.repeat(1_000);
    const stay = Array.from({ length: written }, (_, index) => `stay/${index}`);
    const go = Array.from({ length: 4_000 }, (_, index) => `go/${index}`);
    const all = Object.fromEntries([...go, 'kept'].map((key) => [key, 'x']));
    const head = await driver.commit('a', batchOf(all), onTopOf(undefined));
    const upserts = new Map(stay.map((key) => [key, text]));
    const deletes = new Set(go);
    const pending = driver.commit('a', { upserts, deletes }, onTopOf(head));
    upserts.clear();
    upserts.set('late', text);
    deletes.clear();
    deletes.add('kept');
    await pending;
    const stored = await driver.load('a');
    expect(new Set(stored?.records.keys())).toEqual(new Set([...stay, 'kept']));
  });

  it('is taken up to the limits', async () => {
    const upserts = { ['x'.repeat(16)]: 'y'.repeat(32), a: 'é'.repeat(7) };
    expect(await driver.commit('é'.repeat(8), batchOf(upserts, ['b']), onTopOf(undefined))).toMatchObject({
      revision: 1,
    });
  });
});
