import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { AccountKeeperError } from '../../../src/core/errors.js';
import {
  type FollowAccountOptions,
  type FollowedAccount,
  followAccount,
} from '../../../src/core/follow/account-follower.js';
import { formatHeadMeta, type HeadMeta } from '../../../src/core/ownership/head-meta.js';
import type { AccountHead, PersistenceDriver } from '../../../src/core/persistence-driver.js';
import { MemoryBackend } from '../../../src/drivers/memory/backend.js';
import { MemoryDriver } from '../../../src/drivers/memory/driver.js';
import { FakeClock, settle } from '../../support/fake-clock.js';

const ACCOUNT = 'a';
const META: HeadMeta = { released: false, replayed: [], claims: [], lineage: 'line' };

/** A reader whose reads can be held up, made to fail, and counted. */
class Reader extends MemoryDriver {
  heads = 0;
  loads = 0;
  readonly timeouts: (number | undefined)[] = [];
  failure: AccountKeeperError | undefined;
  gate: Promise<void> | undefined;

  override async head(...call: Parameters<PersistenceDriver['head']>): Promise<AccountHead | undefined> {
    this.heads += 1;
    if (this.failure !== undefined) throw this.failure;
    return super.head(...call);
  }

  override async load(...call: Parameters<PersistenceDriver['load']>): ReturnType<PersistenceDriver['load']> {
    this.loads += 1;
    this.timeouts.push(call[1]?.timeoutMs);
    await this.gate;
    return super.load(...call);
  }
}

class Scene {
  readonly clock = new FakeClock();
  backend = new MemoryBackend();
  readonly reader: Reader;
  readonly states: FollowedAccount[] = [];
  readonly told: string[] = [];
  readonly #followers: { stop(): void }[] = [];
  #writes = 0;

  constructor({ hints = true } = {}) {
    this.reader = new Reader({ backend: this.backend });
    if (!hints) Object.defineProperty(this.reader, 'watch', { value: undefined });
  }

  follow(options: Partial<FollowAccountOptions> = {}): { stop(): void } {
    const follower = followAccount({
      driver: this.reader,
      accountId: ACCOUNT,
      clock: this.clock,
      random: () => 0.5,
      onState: (state) => this.states.push(state),
      onError: ({ code }) => this.told.push(code),
      onRecovered: () => this.told.push('recovered'),
      ...options,
    });
    this.#followers.push(follower);
    return follower;
  }

  async write(upserts: Record<string, string>, deletes: readonly string[] = [], meta = META): Promise<AccountHead> {
    const driver = new MemoryDriver({ backend: this.backend });
    const batch = { upserts: new Map(Object.entries(upserts)), deletes: new Set(deletes) };
    const head = await driver.head(ACCOUNT);
    return driver.commit(ACCOUNT, batch, this.#onTopOf(head, meta));
  }

  async drop(): Promise<void> {
    const driver = new MemoryDriver({ backend: this.backend });
    await driver.drop(ACCOUNT, this.#onTopOf(await driver.head(ACCOUNT), META));
  }

  /** What is stored now, to be put back later. */
  copy(): () => void {
    const entries = [...this.backend.keys()].map((key) => [key, this.backend.get(key) ?? ''] as const);
    return () => {
      for (const key of [...this.backend.keys()]) this.backend.delete(key);
      for (const [key, text] of entries) this.backend.set(key, text);
    };
  }

  stop(): void {
    for (const follower of this.#followers) follower.stop();
  }

  #onTopOf(head: AccountHead | undefined, meta: HeadMeta): Parameters<PersistenceDriver['commit']>[2] {
    this.#writes += 1;
    const expected = head && { revision: head.revision, writeId: head.writeId };
    return { expected, writerId: 'writer', writeId: `write-${this.#writes}`, meta: formatHeadMeta(meta) };
  }
}

const scenes: Scene[] = [];

function scene(options?: { readonly hints: boolean }): Scene {
  const made = new Scene(options);
  scenes.push(made);
  return made;
}

afterEach(() => {
  for (const each of scenes.splice(0)) each.stop();
});

const away = new AccountKeeperError('UNAVAILABLE', 'the backend is away');

describe.each([
  ['hints of the driver', { hints: true }],
  ['polling alone', { hints: false }],
])('a followed account, by %s', (_, how) => {
  it('is shown as it is stored first, then each change with the records that changed', async () => {
    const it = scene(how);
    await it.write({ A: '1', B: '1', C: '1' });
    it.follow();
    await it.clock.advance(0);
    expect(it.states).toMatchObject([{ head: { revision: 1 }, changed: ['A', 'B', 'C'], removed: [] }]);
    await it.write({ B: '2', D: '1' }, ['C']);
    await it.clock.advance(50);
    expect(it.states).toHaveLength(2);
    expect(it.states[1]).toMatchObject({ head: { revision: 2 }, changed: ['B', 'D'], removed: ['C'] });
    expect(it.states[1]?.records).toEqual(new Map(Object.entries({ A: '1', B: '2', D: '1' })));
    await it.clock.advance(10_000);
    expect([it.states.length, it.reader.loads, it.told]).toEqual([2, 2, []]);
  });

  it('begins with nothing where nothing is stored, and shows a dropped account as dropped', async () => {
    const it = scene(how);
    it.follow();
    await it.clock.advance(0);
    expect(it.states).toMatchObject([{ head: undefined, changed: [], removed: [] }]);
    await it.write({ A: '1' });
    await it.clock.advance(50);
    await it.drop();
    await it.clock.advance(50);
    expect(it.states.at(-1)).toMatchObject({ head: { dropped: true, revision: 2 }, changed: [], removed: ['A'] });
    expect(it.states.at(-1)?.records.size).toBe(0);
    await it.write({ A: '2' });
    await it.clock.advance(50);
    expect(it.states.at(-1)).toMatchObject({ head: { dropped: false, revision: 3 }, changed: ['A'] });
  });

  it('never shows less than it has shown, and says so once', async () => {
    const it = scene(how);
    await it.write({ A: '1' });
    const back = it.copy();
    await it.write({ A: '2' });
    it.follow();
    await it.clock.advance(0);
    back();
    await it.clock.advance(3_000);
    expect(it.told).toEqual(['ROLLED_BACK']);
    for (const revision of [2, 3, 4]) expect((await it.write({ A: 'other' })).revision).toBe(revision);
    await it.clock.advance(3_000);
    expect(it.states.at(-1)?.head?.revision).toBe(4);
    expect(it.told).toEqual(['ROLLED_BACK', 'recovered']);
  });

  it('takes a history that was cut off and grown over for what it is', async () => {
    const it = scene(how);
    const owned = (...claims: HeadMeta['claims']): HeadMeta => ({ ...META, claims });
    await it.write({ A: '1' }, [], owned({ base: 0, writerId: 'writer' }));
    const back = it.copy();
    await it.write({ A: '2' }, [], owned({ base: 0, writerId: 'writer' }));
    it.follow();
    await it.clock.advance(0);
    back();
    for (let n = 0; n < 3; n += 1) {
      await it.write({ A: 'other' }, [], owned({ base: 0, writerId: 'writer' }, { base: 1, writerId: 'another' }));
    }
    await it.clock.advance(3_000);
    expect(it.told).toEqual(['ROLLED_BACK']);
    expect(it.states.map(({ head }) => head?.revision)).toEqual([2]);
  });

  it('waits until a change of several commits is whole', async () => {
    const it = scene(how);
    await it.write({ A: '1' });
    it.follow();
    await it.clock.advance(0);
    await it.write({ A: '2' }, [], { ...META, unfinished: { id: 'x', part: 1 } });
    await it.clock.advance(1_000);
    expect(it.told).toEqual(['CORRUPT']);
    await it.write({ B: '2' });
    await it.clock.advance(1_000);
    expect(it.told).toEqual(['CORRUPT', 'recovered']);
    expect(it.states.map(({ head }) => head?.revision)).toEqual([1, 3]);
  });

  it('tells of an outage once, and is current within a second after it, however long it was', async () => {
    const it = scene(how);
    await it.write({ A: '1' });
    it.follow({ random: () => 0.999 });
    await it.clock.advance(0);
    it.reader.failure = away;
    await it.clock.advance(60_000);
    expect(it.told).toEqual(['UNAVAILABLE']);
    expect(it.reader.heads).toBeLessThan(300);
    it.reader.failure = new AccountKeeperError('CORRUPT', 'the head cannot be read');
    await it.clock.advance(2_000);
    expect(it.told).toEqual(['UNAVAILABLE', 'CORRUPT']);
    await it.write({ A: '2' });
    it.reader.failure = undefined;
    await it.clock.advance(1_000);
    expect(it.told).toEqual(['UNAVAILABLE', 'CORRUPT', 'recovered']);
    expect(it.states.at(-1)?.head?.revision).toBe(2);
  });

  it('reads once at a time, and never falls behind by more than that', async () => {
    const it = scene(how);
    await it.write({ A: '0' });
    it.follow();
    await it.clock.advance(0);
    let open: () => void = () => undefined;
    it.reader.gate = new Promise((resolve) => {
      open = resolve;
    });
    for (let n = 1; n <= 20; n += 1) {
      await it.write({ A: String(n) });
      await it.clock.advance(50);
    }
    expect(it.reader.loads).toBe(2);
    open();
    await it.clock.advance(50);
    expect(it.states.at(-1)?.records.get('A')).toBe('20');
    expect(it.reader.loads).toBeLessThanOrEqual(3);
  });

  it('ends with stop, whatever is under way, and leaves no timer', async () => {
    const it = scene(how);
    await it.write({ A: '1' });
    it.reader.gate = new Promise(() => undefined);
    const stopped = it.follow();
    await settle();
    stopped.stop();
    stopped.stop();
    it.reader.gate = undefined;
    const inListener: { stop(): void } = it.follow({ onState: () => inListener.stop() });
    await it.clock.advance(0);
    await it.write({ A: '2' });
    await it.clock.advance(10_000);
    expect(it.states).toEqual([]);
    expect(it.clock.armed).toBe(0);
  });

  it('gives up a driver that never answers, and asks again', async () => {
    const it = scene(how);
    const head = it.reader.head.bind(it.reader);
    it.reader.head = () => new Promise(() => undefined);
    it.follow();
    await it.clock.advance(5_000);
    expect(it.told).toEqual(['TIMEOUT']);
    it.reader.head = head;
    await it.clock.advance(5_000);
    expect(it.states).toHaveLength(1);
  });

  it('gives a load that does not answer twice as long each time', async () => {
    const it = scene(how);
    await it.write({ A: '1' });
    it.reader.gate = new Promise(() => undefined);
    it.follow();
    await it.clock.advance(20_000);
    expect(it.reader.timeouts).toEqual([2_000, 4_000, 8_000, 16_000]);
    expect(it.told).toEqual(['TIMEOUT']);
    it.reader.gate = undefined;
    await it.clock.advance(17_000);
    expect(it.states).toHaveLength(1);
  });

  it('says that its driver was closed, and ends', async () => {
    const it = scene(how);
    it.follow();
    await it.clock.advance(0);
    await it.reader.close();
    await it.clock.advance(10_000);
    expect(it.told).toEqual(['CLOSED']);
    expect(it.clock.armed).toBe(0);
  });
});

describe('polling', () => {
  it('rests half as long as a read took, and 250 ms at most', async () => {
    for (const [tookMs, restMs] of [
      [200, 100],
      [1_500, 250],
    ] as const) {
      const it = scene({ hints: false });
      await it.write({ A: '1' });
      it.reader.gate = new Promise((resolve) => void it.clock.setTimeout(resolve, tookMs));
      it.follow();
      await it.clock.advance(tookMs);
      expect([it.states.length, it.reader.heads]).toEqual([1, 1]);
      await it.clock.advance(restMs - 1);
      expect(it.reader.heads).toBe(1);
      await it.clock.advance(1);
      expect(it.reader.heads).toBe(2);
    }
  });

  it('reads the head as often as it is told, and the account only when the head has changed', async () => {
    const it = scene({ hints: false });
    await it.write({ A: '1' });
    it.follow({ pollMs: 200 });
    await it.clock.advance(0);
    await it.clock.advance(2_000);
    expect([it.reader.heads, it.reader.loads]).toEqual([11, 1]);
  });

  it('goes on beside hints, which can be lost', async () => {
    const it = scene();
    it.reader.watch = () => () => undefined;
    it.follow();
    await it.clock.advance(0);
    await it.write({ A: '1' });
    await it.clock.advance(1_000);
    expect(it.states.at(-1)?.head?.revision).toBe(1);
    expect(it.reader.heads).toBe(2);
  });
});

describe('any history of commits and looks', () => {
  it('shows each state as it was stored, in order', async () => {
    const step = fc.oneof(
      fc.record({
        upserts: fc.dictionary(fc.constantFrom('A', 'B', 'C'), fc.constantFrom('1', '2')),
        look: fc.boolean(),
      }),
      fc.record({ gone: fc.constantFrom('A', 'B', 'C'), look: fc.boolean() }),
      fc.record({ drop: fc.constant(true), look: fc.boolean() }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 12 }), fc.boolean(), async (steps, hints) => {
        const it = scene({ hints });
        const stored = new Map<number, Record<string, string>>([[0, {}]]);
        let now: Record<string, string> = {};
        await it.write({});
        it.follow();
        for (const each of steps) {
          if ('drop' in each) {
            now = {};
            await it.drop();
          } else if ('gone' in each) {
            now = Object.fromEntries(Object.entries(now).filter(([recordKey]) => recordKey !== each.gone));
            await it.write({}, [each.gone]);
          } else {
            now = { ...now, ...each.upserts };
            await it.write(each.upserts);
          }
          stored.set(stored.size + 1, now);
          if (each.look) await it.clock.advance(50);
        }
        stored.set(1, {});
        await it.clock.advance(1_000);
        const shown = new Map<string, string>();
        let revision = 0;
        for (const state of it.states) {
          expect(state.head?.revision).toBeGreaterThan(revision);
          revision = state.head?.revision ?? 0;
          for (const recordKey of state.changed) shown.set(recordKey, state.records.get(recordKey) ?? '');
          for (const recordKey of state.removed) expect(shown.delete(recordKey)).toBe(true);
          expect(new Map([...shown].sort())).toEqual(new Map([...state.records].sort()));
          expect(Object.fromEntries(state.records)).toEqual(stored.get(revision));
        }
        expect(revision).toBe(steps.length + 1);
        expect(it.told).toEqual([]);
        it.stop();
      }),
      { numRuns: 60 },
    );
  });
});
