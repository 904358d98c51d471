import assert from 'node:assert/strict';
import { AccountStateStore } from '../../src/core/store/account-state-store.js';
import { MemoryBackend } from '../../src/drivers/memory/backend.js';
import { MemoryDriver } from '../../src/drivers/memory/driver.js';
import { FakeClock, settle } from '../support/fake-clock.js';
import { payloadOf } from '../support/payload-of.js';
import { ProcessClock } from '../support/process-clock.js';
import { type CommitFault, ScriptedDriver } from '../support/scripted-driver.js';
import type { AccountModel } from './account-model.js';

interface Value {
  readonly value: number;
}

interface Cursor {
  readonly step: number;
}

const ACCOUNT = 'model';

/** A store with its backend, whose process can be killed. */
export class AccountUnderTest {
  readonly clock = new FakeClock();
  /** How often everything was checked: once a command. */
  checks = 0;
  readonly #backend = new MemoryBackend();
  readonly #model: AccountModel;
  readonly #late: ScriptedDriver[] = [];
  #process = new ProcessClock(this.clock);
  #driver: ScriptedDriver;
  #store: AccountStateStore<Value, Cursor>;
  #lastRevision = 0;

  constructor(model: AccountModel) {
    this.#model = model;
    this.#driver = this.#createDriver();
    this.#store = this.#createStore();
  }

  get store(): AccountStateStore<Value, Cursor> {
    return this.#store;
  }

  fault(fault: CommitFault): void {
    this.#driver.faults.push(fault);
  }

  change(symbol: string, value: number | undefined): void {
    this.#store.transaction(() => {
      if (value === undefined) this.#store.deletePositionMetadata(symbol);
      else this.#store.setSymbolMetadata(symbol, { value });
      this.#store.setAccountMetadata({ step: this.#model.step });
    });
  }

  /** What was sent, and reported as timed out, arrives now. */
  async deliverLate(): Promise<void> {
    for (const driver of this.#late) await driver.deliverLate();
    await settle();
  }

  /** The process is killed: nothing it does from now on reaches the backend, save what was sent before. */
  crash(): void {
    this.#driver.commit = () => new Promise(() => undefined);
    this.#process.kill();
    this.#process = new ProcessClock(this.clock);
    this.#driver = this.#createDriver();
    this.#store = this.#createStore();
  }

  /** @returns the step that was found. */
  async restore(): Promise<number> {
    await this.#store.restore();
    const step = this.#store.getAccountMetadata()?.step ?? 0;
    const found = new Map<string, number>();
    for (const symbol of this.#store.getSymbolsWithMetadata()) {
      found.set(symbol, this.#store.getSymbolMetadata(symbol)?.value ?? Number.NaN);
    }
    const expected = new Map(this.#model.history[step] ?? []);
    found.delete('BAD');
    expected.delete('BAD');
    assert.deepEqual(found, expected, `the restart found the records of several steps; its cursor says ${step}`);
    return step;
  }

  /** What must be true at any time. */
  check(): void {
    this.checks += 1;
    assert.ok(this.#driver.maxInFlight <= 1, 'two commits were in flight');
    const bytes = new Map<string, unknown>();
    for (const { batch, options } of this.#driver.sent) {
      const earlier = bytes.get(options.writeId);
      if (earlier !== undefined) assert.deepEqual(batch, earlier, 'a writeId was reused for other bytes');
      bytes.set(options.writeId, batch);
    }
    const status = this.#store.persistenceStatus();
    if (status.state === 'idle') {
      assert.equal(this.#model.acknowledged, this.#model.step, 'idle, though a change was not acknowledged');
      assert.equal(this.clock.armed, 0, 'idle, with a timer');
    }
    if (this.#model.phase === 'open') {
      const unacknowledged = this.#model.acknowledged < this.#model.step;
      if (unacknowledged) assert.ok(this.#store.isPendingPersist(), 'a change was forgotten');
      for (const [symbol, value] of this.#model.now) {
        if (symbol !== 'BAD') assert.equal(this.#store.getSymbolMetadata(symbol)?.value, value);
      }
    }
    assert.ok((status.revision ?? 0) >= this.#lastRevision || status.revision === undefined, 'the revision went back');
    this.#lastRevision = Math.max(this.#lastRevision, status.revision ?? 0);
  }

  #createDriver(): ScriptedDriver {
    const driver = new ScriptedDriver(new MemoryDriver({ backend: this.#backend }), this.#process);
    this.#late.push(driver);
    return driver;
  }

  #createStore(): AccountStateStore<Value, Cursor> {
    const driver = this.#driver;
    const store = new AccountStateStore<Value, Cursor>({
      accountId: ACCOUNT,
      driver,
      clock: this.#process,
      random: () => 0.5,
      flush: { retryMaxMs: 1_000, commitTimeoutMs: 1_000 },
    });
    // Heard, so that Node.js does not warn of each.
    store.on('record-rejected', () => undefined);
    store.on('flushed', ({ revision }) => {
      const commit = driver.sent.findLast(({ options }) => options.expected?.revision === revision - 1);
      const cursor = commit?.batch.upserts.get('account/metadata');
      if (cursor !== undefined) this.#model.acknowledge(JSON.parse(payloadOf(cursor)).step);
    });
    return store;
  }
}
