import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { CommitBatch, CommitOptions } from '../../../src/core/persistence-driver.js';
import { KeyLayout } from '../../../src/drivers/base/key-layout.js';
import type { KeyvDriver } from '../../../src/drivers/keyv/driver.js';
import { batchOf, collect, onTopOf, rejection } from '../support.js';
import { CALL_FAULTS, type CallFault, deferred, keyvDriver, ScriptedAdapter } from './support.js';

const account = new KeyLayout().account('a');
const rootKey = `${account.range.from}index`;

interface Step {
  readonly upserts: readonly number[];
  readonly deletes: readonly number[];
  readonly drop: boolean;
  readonly fault: CallFault;
  /** Which of the commit's calls fails. */
  readonly at: number;
  /** What comes after a failure. */
  readonly afterwards: 'repeated' | 'repeated after a crash' | 'never repeated';
}

const numbers = fc.oneof(
  fc.uniqueArray(fc.nat(9), { maxLength: 5 }),
  // So many that the index takes several pages.
  fc.tuple(fc.nat(30), fc.nat(40)).map(([from, length]) => Array.from({ length }, (_, index) => from + index)),
);

const steps: fc.Arbitrary<readonly Step[]> = fc.array(
  fc.record({
    upserts: numbers,
    deletes: numbers,
    drop: fc.nat(5).map((number) => number === 0),
    fault: fc.constantFrom(...CALL_FAULTS),
    at: fc.oneof(fc.nat(12), fc.nat(90)),
    afterwards: fc.constantFrom('repeated', 'repeated after a crash', 'never repeated'),
  }),
  { minLength: 1, maxLength: 6 },
);

const nameOf = (number: number): string => `Record/${'n'.repeat(30)}${number}`;

/** An account under a driver whose adapter fails, beside a model of what must be stored. */
class AccountUnderTest {
  adapter = new ScriptedAdapter();
  driver: KeyvDriver = this.#drive();
  records = new Map<string, string>();
  /** What a record may hold instead, since a commit failed that was not repeated: `undefined` for no record. */
  torn = new Map<string, readonly (string | undefined)[]>();
  /** Whether texts may be left that nothing refers to: nobody knows of them any more. */
  #mayLeave = false;
  #step = 0;

  #drive(): KeyvDriver {
    return keyvDriver(this.adapter, { limits: { valueBytes: 1024 } });
  }

  /** A process that knows nothing of the one before. */
  crash(): void {
    const { entries } = this.adapter;
    this.adapter = new ScriptedAdapter();
    for (const [key, text] of entries) this.adapter.entries.set(key, text);
    this.driver = this.#drive();
    this.#mayLeave = true;
  }

  async run(step: Step): Promise<void> {
    this.#step += 1;
    const value = `value ${this.#step}`;
    const upserts = new Map(step.upserts.map((number) => [nameOf(number), value]));
    const deletes = new Set(step.deletes.map(nameOf).filter((name) => !upserts.has(name)));
    const options = onTopOf(await this.driver.head('a'));
    const start = this.adapter.calls.length;
    this.adapter.fault = (_, index) => (index === start + step.at ? step.fault : undefined);
    const attempt = (): Promise<unknown> => this.#attempt(step, { upserts, deletes }, options);
    const thrown = await attempt().then(
      () => undefined,
      (error: unknown) => error,
    );
    this.adapter.heal();
    if (thrown === undefined) return this.#applied(step, { upserts, deletes });
    const { outcome } = await rejection(Promise.reject(thrown));
    if (outcome === 'not-applied') {
      await this.check();
      expect((await this.driver.head('a'))?.writeId).toBe(options.expected?.writeId);
    }
    if (step.afterwards === 'never repeated') return this.#abandoned({ upserts, deletes }, options.writeId, step);
    if (step.afterwards === 'repeated after a crash') this.crash();
    await attempt();
    this.#applied(step, { upserts, deletes });
  }

  #attempt(step: Step, batch: CommitBatch, options: CommitOptions): Promise<unknown> {
    return step.drop ? this.driver.drop('a', options) : this.driver.commit('a', batch, options);
  }

  #applied(step: Step, { upserts, deletes }: CommitBatch): void {
    if (step.drop) {
      this.records.clear();
      this.torn.clear();
      return;
    }
    for (const name of [...upserts.keys(), ...deletes]) {
      this.torn.delete(name);
      this.records.delete(name);
    }
    for (const [name, value] of upserts) this.records.set(name, value);
  }

  /** Each record of the batch is as before, or as it would be: that is what the driver does without. */
  async #abandoned(batch: CommitBatch, writeId: string, step: Step): Promise<void> {
    if ((await this.driver.head('a'))?.writeId === writeId) return this.#applied(step, batch);
    const names = step.drop
      ? [...this.records.keys(), ...this.torn.keys()]
      : [...batch.upserts.keys(), ...batch.deletes];
    for (const name of names) {
      const before = this.torn.get(name) ?? [this.records.get(name)];
      this.records.delete(name);
      this.torn.set(name, [...before, step.drop ? undefined : batch.upserts.get(name)]);
    }
  }

  async check(): Promise<void> {
    const stored = await this.driver.load('a');
    const records = new Map(stored?.records);
    for (const [name, allowed] of this.torn) {
      expect(allowed).toContain(records.get(name));
      records.delete(name);
    }
    expect(records).toEqual(this.records);
    expect(stored?.corrupt.size ?? 0).toBe(0);
    const listed = stored === undefined || stored.head.dropped ? [] : ['a'];
    expect(await collect(this.driver.accounts())).toEqual(listed);
    expect(await this.driver.head('a')).toEqual(stored?.head);
  }

  /** What could not be deleted is deleted with the next commit. */
  async checkKeys(): Promise<void> {
    await this.driver.commit('a', batchOf(), onTopOf(await this.driver.head('a')));
    const stored = await this.driver.load('a');
    if (stored === undefined || this.#mayLeave) return;
    const keys = [...this.adapter.entries.keys()].filter((key) => !key.startsWith(rootKey));
    expect(keys).toHaveLength(stored.records.size + 1);
  }
}

describe('KeyvDriver: a call that fails', () => {
  it('leaves what the model has, after a repetition of the commit, after a crash, and under newer commits', async () => {
    await fc.assert(
      fc.asyncProperty(steps, async (list) => {
        const tested = new AccountUnderTest();
        for (const step of list) {
          await tested.run(step);
          await tested.check();
        }
        await tested.checkKeys();
      }),
      { numRuns: 150 },
    );
  });

  it('can be each single one of a commit', async () => {
    for (const fault of CALL_FAULTS) {
      for (let at = 0, failed = true; failed; at += 1) {
        const adapter = new ScriptedAdapter();
        const driver = keyvDriver(adapter);
        const first = await driver.commit('a', batchOf({ k: '1', l: '1', m: '1' }), onTopOf(undefined));
        const options = onTopOf(first);
        const batch = batchOf({ k: '2', n: '2' }, ['l']);
        const start = adapter.calls.length;
        let hit = false;
        adapter.fault = (_, index) => {
          hit ||= index === start + at;
          return index === start + at ? fault : undefined;
        };
        failed = await driver.commit('a', batch, options).then(
          () => false,
          () => true,
        );
        adapter.heal();
        const head = await driver.commit('a', batch, options);
        expect(head.revision).toBe(2);
        expect(Object.fromEntries((await driver.load('a'))?.records ?? [])).toEqual({ k: '2', m: '1', n: '2' });
        failed ||= hit;
        expect([...adapter.entries.keys()].sort()).toEqual(
          [account.head, rootKey, ...['k', 'm', 'n'].map((record) => account.recordPrefix + record)].sort(),
        );
      }
    }
  });
});

describe('KeyvDriver: what was evicted', () => {
  async function written(): Promise<readonly [Map<string, unknown>, KeyvDriver]> {
    const map = new Map<string, unknown>();
    const writer = keyvDriver(map, { limits: { valueBytes: 1024 } });
    const upserts = Object.fromEntries(Array.from({ length: 100 }, (_, index) => [`record-${index}`, '1']));
    await writer.commit('a', batchOf(upserts), onTopOf(undefined));
    await writer.close();
    return [map, keyvDriver(map, { limits: { valueBytes: 1024 } })];
  }

  it('is CORRUPT when it was the head, and the account is still listed', async () => {
    const [map, driver] = await written();
    map.delete(account.head);
    const failed = [driver.head('a'), driver.load('a'), driver.commit('a', batchOf(), onTopOf(undefined))];
    for (const failure of failed) {
      expect(await rejection(failure)).toMatchObject({ code: 'CORRUPT', cause: { key: account.head } });
    }
    expect(await collect(driver.accounts())).toEqual(['a']);
  });

  it('is CORRUPT when it was a page of the index', async () => {
    const [map, driver] = await written();
    const head = await driver.head('a');
    for (const key of [...map.keys()].filter((each) => each.startsWith(rootKey))) {
      const text = map.get(key);
      map.delete(key);
      expect(await rejection(driver.load('a'))).toMatchObject({ code: 'CORRUPT', cause: { key } });
      map.set(key, text);
    }
    map.delete(rootKey);
    expect((await rejection(driver.commit('a', batchOf(), onTopOf(head)))).code).toBe('CORRUPT');
    expect((await rejection(driver.drop('a', onTopOf(head)))).code).toBe('CORRUPT');
  });

  it('is named in corrupt when it was a record, beside the others', async () => {
    const [map, driver] = await written();
    map.delete(`${account.recordPrefix}record-7`);
    const stored = await driver.load('a');
    expect([...(stored?.corrupt ?? [])]).toEqual([['record-7', '']]);
    expect(stored?.records.size).toBe(99);
  });

  it('is not mistaken for what another process deletes at the same time', async () => {
    const reading = new ScriptedAdapter();
    const writing = new ScriptedAdapter();
    Object.assign(writing, { entries: reading.entries });
    const reader = keyvDriver(reading);
    const writer = keyvDriver(writing);
    let head = await writer.commit('a', batchOf({ k: '1', l: '1' }), onTopOf(undefined));
    let deleted = false;
    reading.hold = ({ key }) => {
      if (deleted || key !== `${account.recordPrefix}k`) return undefined;
      deleted = true;
      return writer.commit('a', batchOf({ m: '1' }, ['k']), onTopOf(head)).then((next) => {
        head = next;
      });
    };
    const stored = await reader.load('a');
    expect(stored?.head).toEqual(head);
    expect(Object.fromEntries(stored?.records ?? [])).toEqual({ l: '1', m: '1' });
  });

  it('is nothing of a first commit that never got to its head', async () => {
    const adapter = new ScriptedAdapter();
    const driver = keyvDriver(adapter);
    adapter.fault = ({ key, method }) => (method === 'set' && key === account.head ? 'throws-before' : undefined);
    await rejection(driver.commit('a', batchOf({ k: '1', l: '1' }), onTopOf(undefined)));
    adapter.heal();
    expect(await driver.head('a')).toBeUndefined();
    expect(await driver.load('a')).toBeUndefined();
    expect(await collect(driver.accounts())).toEqual([]);
    await driver.commit('a', batchOf({ l: '2' }), onTopOf(undefined));
    expect(Object.fromEntries((await driver.load('a'))?.records ?? [])).toEqual({ l: '2' });
    expect([...adapter.entries.keys()].sort()).toEqual([account.head, rootKey, `${account.recordPrefix}l`].sort());
  });
});

describe('KeyvDriver: a write whose time is up', () => {
  it('holds the next write and reads of its account, until the adapter has settled it', async () => {
    const adapter = new ScriptedAdapter();
    const driver = keyvDriver(adapter);
    const other = keyvDriver(adapter);
    await other.open();
    const first = await driver.commit('a', batchOf({ k: '1' }), onTopOf(undefined));
    const gate = deferred();
    adapter.hold = ({ method, key }) =>
      method === 'set' && key === `${account.recordPrefix}k` ? gate.promise : undefined;
    const late = onTopOf(first, { timeoutMs: 20 });
    expect(await rejection(driver.commit('a', batchOf({ k: 'late' }), late))).toMatchObject({
      code: 'TIMEOUT',
      outcome: 'unknown',
    });
    const calls = adapter.calls.length;
    for (const writer of [driver, other]) {
      const newer = onTopOf(first, { timeoutMs: 20 });
      expect((await rejection(writer.commit('a', batchOf({ k: 'newer' }), newer))).code).toBe('TIMEOUT');
      expect((await rejection(writer.load('a', { timeoutMs: 20 }))).code).toBe('TIMEOUT');
    }
    expect(adapter.calls).toHaveLength(calls);
    await driver.commit('b', batchOf({ k: '1' }), onTopOf(undefined));

    const repeating = driver.commit('a', batchOf({ k: 'late' }), { ...late, timeoutMs: 5000 });
    gate.resolve();
    const head = await repeating;
    expect(head).toMatchObject({ revision: 2, writeId: late.writeId });
    expect((await other.load('a'))?.records.get('k')).toBe('late');
    await other.commit('a', batchOf({ k: 'newer' }), onTopOf(head));
    expect((await driver.load('a'))?.records.get('k')).toBe('newer');
  });

  it('is not begun when its time was up while it read', async () => {
    const adapter = new ScriptedAdapter();
    const driver = keyvDriver(adapter);
    const first = await driver.commit('a', batchOf({ k: '1' }), onTopOf(undefined));
    const gate = deferred();
    adapter.hold = ({ method }) => (method === 'get' ? gate.promise : undefined);
    expect((await rejection(driver.commit('a', batchOf({ k: 'late' }), onTopOf(first, { timeoutMs: 20 })))).code).toBe(
      'TIMEOUT',
    );
    adapter.heal();
    const head = await driver.commit('a', batchOf({ k: '2' }), onTopOf(first));
    gate.resolve();
    await new Promise((resolve) => setImmediate(resolve));
    expect((await driver.load('a'))?.records.get('k')).toBe('2');
    expect(await driver.head('a')).toEqual(head);
  });

  it('is awaited by close, within its deadline', async () => {
    const adapter = new ScriptedAdapter();
    const driver = keyvDriver(adapter);
    await driver.open();
    const gate = deferred();
    adapter.hold = ({ method }) => (method === 'set' ? gate.promise : undefined);
    await rejection(driver.commit('a', batchOf({ k: '1' }), onTopOf(undefined, { timeoutMs: 20 })));
    expect((await rejection(driver.close({ timeoutMs: 20 }))).code).toBe('TIMEOUT');
    expect((await rejection(driver.load('a'))).code).toBe('CLOSED');
    gate.resolve();
    await driver.close();
    expect(adapter.entries.has(account.head)).toBe(true);
    expect(adapter.listenerCount('error')).toBe(0);
  });
});
