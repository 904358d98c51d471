import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AccountKeeperError } from '../../../src/core/errors.js';
import { type BatchSize, changeBytes, fits, sizeOf } from '../../../src/core/shared/batch-size.js';
import { atOnce } from '../../../src/core/shared/slices.js';
import { type BuiltBatch, type EncodedChange, PendingSet } from '../../../src/core/write-behind/pending-set.js';

/** Sizes of a batch are told in bytes of keys (one each) and texts. */
const NO_LIMITS: BatchSize = { records: Number.POSITIVE_INFINITY, bytes: Number.POSITIVE_INFINITY };

/** Records that change, and a backend that takes one batch at a time. */
class Records {
  readonly pending: PendingSet;
  readonly #values = new Map<string, string | Error>();
  readonly #weight: number;
  encodings = 0;

  /** @param weight makes each byte count for so many: with a great one, each record takes a slice. */
  constructor(limits: Partial<BatchSize> = {}, weight = 1) {
    this.#weight = weight;
    this.pending = new PendingSet(
      {
        valueOf: (recordKey) => this.#values.get(recordKey),
        encode: (recordKey, value) => this.#encode(recordKey, value),
      },
      { ...NO_LIMITS, ...limits },
    );
  }

  /** Without a text, the record is deleted; an error makes it one that cannot be encoded. */
  set(recordKey: string, text: string | Error | undefined, nowMs = 0): void {
    if (text === undefined) this.#values.delete(recordKey);
    else this.#values.set(recordKey, text);
    this.pending.mark(recordKey, nowMs);
  }

  /** Changes what belongs together. */
  async group(changes: Readonly<Record<string, string | Error | undefined>>, nowMs = 0): Promise<void> {
    for (const [recordKey, text] of Object.entries(changes)) this.set(recordKey, text, nowMs);
    await undefined;
  }

  valueOf(recordKey: string): string | undefined {
    const value = this.#values.get(recordKey);
    return typeof value === 'string' ? value : undefined;
  }

  #encode(recordKey: string, value: unknown): EncodedChange {
    this.encodings += 1;
    if (value instanceof Error)
      return { error: new AccountKeeperError('ENCODE', value.message, { records: [recordKey] }) };
    const text = value as string | undefined;
    return { text, bytes: this.#weight * changeBytes(recordKey, text), isDocument: text?.startsWith('{') === true };
  }
}

/** The changes of a batch: `undefined` for a record that is deleted. */
function changesOf({ batch: { deletes, upserts } }: Pick<BuiltBatch, 'batch'>): Record<string, string | undefined> {
  return Object.fromEntries([...upserts, ...Array.from(deletes, (recordKey) => [recordKey, undefined] as const)]);
}

/** All batches until nothing is left. */
function takeAll(pending: PendingSet): Record<string, string | undefined>[] {
  const taken: Record<string, string | undefined>[] = [];
  while (!pending.isEmpty) taken.push(changesOf(atOnce(pending.take())));
  return taken;
}

describe('what is pending', () => {
  it('counts with the oldest change of each record', () => {
    const { pending } = new Records();
    pending.mark('a', 10);
    pending.mark('b', 20);
    pending.mark('a', 30);
    expect(pending.lastSequence).toBe(3);
    expect(pending.oldest).toMatchObject({ sequence: 1, sinceMs: 10 });
    expect([...pending.keys()]).toEqual(['a', 'b']);
    expect(pending.has('b')).toBe(true);
    expect(pending.has('c')).toBe(false);
    expect(pending.isEmpty).toBe(false);
  });

  it('counts so after the change has ended as well, and in whichever group it lies', async () => {
    const records = new Records({ records: 1 });
    await records.group({ a: '1' }, 10);
    await records.group({ b: '1' }, 20);
    records.pending.groups();
    await records.group({ a: '2' }, 30);
    expect(records.pending.oldest).toMatchObject({ sequence: 1, sinceMs: 10 });
    expect([...records.pending.keys()]).toEqual(['a', 'b']);
  });

  it('has no oldest change when empty', () => {
    const { pending } = new Records();
    expect(pending.oldest).toBeUndefined();
    expect(pending.isEmpty).toBe(true);
    expect(atOnce(pending.take())).toMatchObject({ entries: new Map(), failures: new Map(), isTooLarge: false });
  });

  it('has the age of an older change that was not written', async () => {
    const records = new Records();
    records.pending.mark('a', 10, { sequence: 0, sinceMs: 1 });
    await records.group({ b: '1' }, 20);
    records.pending.age('b', { sequence: 0.5, sinceMs: 2 });
    records.pending.age('b', { sequence: 9, sinceMs: 9 });
    records.pending.age('other', { sequence: 0, sinceMs: 0 });
    expect([...atOnce(records.pending.take()).entries]).toMatchObject([
      ['a', { sequence: 0, sinceMs: 1 }],
      ['b', { sequence: 0.5, sinceMs: 2 }],
    ]);
  });
});

describe('a batch', () => {
  it('holds everything with its newest value as long as that fits', async () => {
    const records = new Records({ records: 3 });
    for (let n = 0; n < 500; n += 1) await records.group({ a: `${n}`, b: n % 2 === 0 ? `${n}` : undefined });
    records.set('c', '1');
    const built = atOnce(records.pending.take());
    expect(changesOf(built)).toEqual({ a: '499', b: undefined, c: '1' });
    expect(built.entries.get('a')?.sequence).toBe(1);
    expect(records.pending.isEmpty).toBe(true);
  });

  it('ends between two groups where both do not fit, with the values of the older one', async () => {
    const records = new Records({ records: 3 });
    await records.group({ a: '1', b: '1' });
    await records.group({ b: '2', c: '2', d: '2' });
    await records.group({ a: '3' });
    expect(takeAll(records.pending)).toEqual([{ a: '1', b: '1' }, { b: '2', c: '2', d: '2' }, { a: '3' }]);
  });

  it('is counted in bytes of keys and texts', async () => {
    const records = new Records({ bytes: 10 });
    await records.group({ a: 'xxxx' });
    await records.group({ b: 'xxxx' });
    await records.group({ c: undefined });
    expect(takeAll(records.pending)).toEqual([{ a: 'xxxx', b: 'xxxx' }, { c: undefined }]);
  });

  it('is too large when a single group is, which is handed out alone', async () => {
    const records = new Records({ records: 2 });
    await records.group({ a: '1' });
    await records.group({ b: '2', c: '2', d: '2' });
    await records.group({ e: '3' });
    const sizes = [atOnce(records.pending.take()), atOnce(records.pending.take()), atOnce(records.pending.take())].map(
      ({ entries, isTooLarge }) => [entries.size, isTooLarge],
    );
    expect(sizes).toEqual([
      [1, false],
      [3, true],
      [1, false],
    ]);
  });

  it('names what cannot be encoded, and holds the others', async () => {
    const records = new Records({ records: 2 });
    await records.group({ a: '1', bad: new Error('no number'), b: '1' });
    const { batch, entries, failures, isTooLarge } = atOnce(records.pending.take());
    expect([...batch.upserts.keys()]).toEqual(['a', 'b']);
    expect([...entries.keys()]).toEqual(['a', 'b']);
    expect([...failures]).toMatchObject([['bad', { entry: { sequence: 2 }, error: { code: 'ENCODE' } }]]);
    expect(isTooLarge).toBe(false);
  });

  it('says which of its texts are JSON objects, also of those that were put back', async () => {
    const records = new Records();
    await records.group({ a: '{}', b: '1', c: '{"n":1}', d: undefined });
    const taken = atOnce(records.pending.take());
    expect(taken.batch.documents).toEqual(new Set(['a', 'c']));
    await records.group({ c: '3', e: '{"n":2}' });
    records.pending.putBack(taken);
    expect(atOnce(records.pending.take()).batch.documents).toEqual(new Set(['a', 'e']));
  });

  it('does not take up the change that makes a record unwritable in the place of one that can be written', async () => {
    const records = new Records();
    await records.group({ a: '1', b: '1' });
    await records.group({ a: new Error('no number'), c: '2' });
    expect(takeAll(records.pending)).toEqual([{ a: '1', b: '1' }, { c: '2' }]);
  });

  it('is encoded once for a record that did not change again', async () => {
    const records = new Records({ records: 2 });
    await records.group({ a: '1', b: '1' });
    await records.group({ c: '1' });
    records.pending.groups();
    records.pending.putBack(atOnce(records.pending.take()));
    takeAll(records.pending);
    expect(records.encodings).toBe(3);
  });
});

describe('values', () => {
  it('are those at the end of the synchronous code that changed them', async () => {
    const records = new Records({ records: 1 });
    records.set('a', '1');
    records.set('a', '2');
    await undefined;
    await records.group({ b: '1' });
    records.set('a', '3');
    records.set('a', '4');
    expect(takeAll(records.pending)).toEqual([{ a: '2' }, { b: '1' }, { a: '4' }]);
  });
});

describe('records that are marked apart', () => {
  it('belong together with no other one', async () => {
    const records = new Records({ records: 2 });
    await records.group({ a: '1', b: '1', c: '1' }, 1);
    expect(atOnce(records.pending.take()).isTooLarge).toBe(true);
    for (const recordKey of ['a', 'b', 'c']) records.pending.markApart(recordKey, 5);
    expect(records.pending.oldest).toMatchObject({ sequence: 4, sinceMs: 5 });
    expect(takeAll(records.pending)).toEqual([{ a: '1', b: '1' }, { c: '1' }]);
  });

  it('come before what is changing', () => {
    const records = new Records({ records: 1 });
    records.set('copied', '2');
    records.set('copy', '1');
    atOnce(records.pending.take());
    records.pending.mark('copied', 0);
    records.pending.markApart('copy', 0);
    expect(takeAll(records.pending)).toEqual([{ copy: '1' }, { copied: '2' }]);
  });

  it('stay with those that are changing together with them, before or after', () => {
    const records = new Records({ records: 2 });
    records.set('a', '1', 1);
    records.pending.markApart('a', 2);
    records.pending.markApart('b', 3);
    records.set('b', '1', 4);
    const { entries } = atOnce(records.pending.take());
    expect([...entries.values()].map(({ sinceMs }) => sinceMs)).toEqual([1, 3]);
    expect(records.pending.isEmpty).toBe(true);
  });

  it('get the values that they have once the synchronous code has ended', () => {
    const records = new Records();
    records.set('a', 'of a transaction that is taken back');
    atOnce(records.pending.take());
    records.pending.markApart('a', 0);
    records.set('a', 'before');
    expect(takeAll(records.pending)).toEqual([{ a: 'before' }]);
  });
});

describe('what is put back', () => {
  it('comes before what came since, with its age', async () => {
    const records = new Records();
    records.set('a', '1', 1);
    records.set('b', '1', 2);
    const taken = atOnce(records.pending.take());
    records.set('c', '1', 3);
    records.set('b', '2', 4);
    records.pending.putBack(taken);
    expect([...records.pending.keys()]).toEqual(['a', 'b', 'c']);
    expect(records.pending.oldest).toMatchObject({ sequence: 1, sinceMs: 1 });
    const { entries, ...built } = atOnce(records.pending.take());
    expect(changesOf(built)).toEqual({ a: '1', b: '2', c: '1' });
    expect([...entries.values()].map(({ sinceMs }) => sinceMs)).toEqual([1, 2, 3]);
  });

  it('stays a batch of its own when what came since does not fit beside it', async () => {
    const records = new Records({ records: 2 });
    await records.group({ a: '1', b: undefined });
    const taken = atOnce(records.pending.take());
    await records.group({ a: '2', c: '2' });
    records.pending.putBack(taken);
    expect(takeAll(records.pending)).toEqual([
      { a: '1', b: undefined },
      { a: '2', c: '2' },
    ]);
  });

  it('may be a part of what was taken', async () => {
    const records = new Records();
    await records.group({ a: '1', b: '1' });
    const { batch, entries } = atOnce(records.pending.take());
    records.pending.putBack({ batch, entries: new Map([...entries].filter(([recordKey]) => recordKey === 'b')) });
    expect(takeAll(records.pending)).toEqual([{ b: '1' }]);
  });
});

describe('the groups', () => {
  it('are those that batches end between, oldest first, with the keys that cannot be encoded; they stay', async () => {
    const records = new Records({ records: 2 });
    await records.group({ a: '1', b: '1' });
    await records.group({ a: '2', c: undefined, bad: new Error('no number') });
    const { batches, failed } = records.pending.groups();
    expect(batches.map((batch) => changesOf({ batch }))).toEqual([
      { a: '1', b: '1' },
      { a: '2', c: undefined },
    ]);
    expect([...failed]).toEqual(['bad']);
    expect([...records.pending.keys()].sort()).toEqual(['a', 'b', 'bad', 'c']);
  });
});

/** A record of a group: how much text it has, and whether it can be encoded. */
interface Change {
  readonly recordKey: string;
  readonly bytes: number;
  readonly isWritable: boolean;
}

type Step =
  | { readonly group: readonly Change[]; readonly ends: boolean }
  | { readonly take: true }
  | { readonly settle: 'acknowledged' | 'put back' };

/** A change of the history: what the record has from then on, and which group it was made in. */
interface Version {
  readonly group: number;
  readonly text: string;
}

/** Plays steps against a backend, and checks what it holds after each acknowledgement. */
class Play {
  readonly records: Records;
  readonly #limits: BatchSize;
  /** All that a record ever was, oldest first. */
  readonly #versions = new Map<string, Version[]>();
  /** Groups that can be written as a whole. */
  readonly #whole: Set<string>[] = [];
  readonly #stored = new Map<string, Version>();
  readonly #setAside = new Set<string>();
  #current = new Map<string, Change>();
  #taken: BuiltBatch | undefined;
  #count = 0;

  constructor(limits: BatchSize) {
    this.records = new Records(limits);
    this.#limits = limits;
  }

  step(step: Step): void {
    if ('group' in step) {
      this.#change(step.group);
      if (step.ends) this.#end();
    } else if ('take' in step) this.#take();
    else this.#settle(step.settle);
  }

  /** Everything is acknowledged. */
  finish(): void {
    this.#end();
    while (this.#taken !== undefined || !this.records.pending.isEmpty) {
      this.#settle('acknowledged');
      this.#take();
    }
    for (const [recordKey, versions] of this.#versions) {
      if (!this.#setAside.has(recordKey)) expect(this.#stored.get(recordKey), recordKey).toEqual(versions.at(-1));
    }
  }

  #change(changes: readonly Change[]): void {
    for (const change of changes) {
      this.#count += 1;
      const { bytes, isWritable, recordKey } = change;
      const text = `${this.#count}`.padEnd(bytes, '.');
      this.records.set(recordKey, isWritable ? text : new Error('unwritable'));
      this.#setAside.delete(recordKey);
      this.#current.delete(recordKey);
      this.#current.set(recordKey, { ...change, bytes: text.length });
      this.#versions.set(recordKey, [
        ...(this.#versions.get(recordKey) ?? []).filter(({ group }) => group < this.#whole.length),
        { group: this.#whole.length, text },
      ]);
    }
  }

  #end(): void {
    const changes = [...this.#current.values()];
    const bytes = changes.reduce((sum, change) => sum + change.recordKey.length + change.bytes, 0);
    const isWritable = changes.every(({ isWritable: each }) => each);
    const isWhole = isWritable && fits({ records: changes.length, bytes }, this.#limits);
    this.#whole.push(new Set(isWhole ? this.#current.keys() : []));
    this.#current = new Map();
  }

  #take(): void {
    if (this.#taken !== undefined || this.records.pending.isEmpty) return;
    // Taking ends the group that is changing.
    this.#end();
    this.#taken = atOnce(this.records.pending.take());
    const { batch, entries, failures, isTooLarge } = this.#taken;
    for (const recordKey of failures.keys()) this.#aside(recordKey);
    if (fits(sizeOf(batch), this.#limits) === isTooLarge) throw new Error('a batch does not keep within the limits');
    if (!isTooLarge) return;
    const groups = new Set([...entries.keys()].map((recordKey) => this.#versionIn(recordKey, batch.upserts)?.group));
    expect(groups.size, 'a batch that is too large holds one group').toBe(1);
    for (const recordKey of entries.keys()) this.#aside(recordKey);
    this.#taken = undefined;
  }

  #aside(recordKey: string): void {
    if (!this.records.pending.has(recordKey)) this.#setAside.add(recordKey);
  }

  #settle(outcome: 'acknowledged' | 'put back'): void {
    const taken = this.#taken;
    if (taken === undefined) return;
    this.#taken = undefined;
    if (outcome === 'put back') {
      this.records.pending.putBack(taken);
      return;
    }
    for (const recordKey of taken.entries.keys()) {
      const version = this.#versionIn(recordKey, taken.batch.upserts);
      if (version === undefined) throw new Error(`${recordKey} was never what the batch says`);
      this.#stored.set(recordKey, version);
    }
    for (const [group, keys] of this.#whole.entries()) {
      const isIn = new Set(Array.from(keys, (recordKey) => (this.#stored.get(recordKey)?.group ?? -1) >= group));
      if (isIn.size > 1) throw new Error(`half of group ${group} is stored`);
    }
  }

  /** The newest version with what the batch has for the record; each text is unique. */
  #versionIn(recordKey: string, upserts: ReadonlyMap<string, string>): Version | undefined {
    return this.#versions.get(recordKey)?.findLast(({ text }) => text === upserts.get(recordKey));
  }
}

const anyChange: fc.Arbitrary<Change> = fc.record({
  recordKey: fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f'),
  bytes: fc.integer({ min: 1, max: 30 }),
  isWritable: fc.constantFrom(true, true, true, true, false),
});

const anyStep: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ group: fc.array(anyChange, { minLength: 1, maxLength: 4 }), ends: fc.constant(true) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ group: fc.array(anyChange, { minLength: 1, maxLength: 2 }), ends: fc.boolean() }),
  },
  { weight: 2, arbitrary: fc.constant<Step>({ take: true }) },
  { weight: 1, arbitrary: fc.constant<Step>({ settle: 'put back' }) },
  { weight: 2, arbitrary: fc.constant<Step>({ settle: 'acknowledged' }) },
);

describe('whatever changes, is taken, acknowledged and put back', () => {
  it('shows no half of a group that can be written, loses nothing, and keeps within the limits', async () => {
    const limits = fc.record({ records: fc.integer({ min: 1, max: 6 }), bytes: fc.integer({ min: 31, max: 120 }) });
    await fc.assert(
      fc.asyncProperty(limits, fc.array(anyStep, { maxLength: 40, size: 'max' }), async (given, steps) => {
        const play = new Play(given);
        for (const step of steps) {
          play.step(step);
          if ('group' in step && step.ends) await undefined;
        }
        play.finish();
      }),
      { numRuns: 500 },
    );
  });

  it('shows the state after one of the groups at each moment, deletions included', async () => {
    const anyGroup = fc.dictionary(
      fc.constantFrom('a', 'b', 'c', 'd'),
      fc.option(fc.string({ minLength: 1, maxLength: 3, unit: 'grapheme-ascii' }), { nil: undefined }),
      { minKeys: 1, noNullPrototype: true },
    );
    const anyRound = fc.tuple(fc.array(anyGroup, { minLength: 1, maxLength: 4 }), fc.boolean());
    await fc.assert(
      fc.asyncProperty(fc.array(anyRound, { maxLength: 12 }), async (rounds) => {
        const records = new Records({ records: 4, bytes: 16 });
        const states: Record<string, string>[] = [{}];
        let [stored, seen]: [Record<string, string>, number] = [{}, 0];
        const take = (): BuiltBatch => atOnce(records.pending.take());
        const acknowledge = (taken: BuiltBatch): void => {
          stored = applied(stored, changesOf(taken));
          seen = states.findIndex((state, index) => index >= seen && isDeepStrictEqual(state, stored));
          expect(seen, JSON.stringify(stored)).not.toBe(-1);
        };
        for (const [groups, isLost] of rounds) {
          const taken = take();
          for (const group of groups) {
            await records.group(group);
            states.push(applied(states.at(-1) ?? {}, group));
          }
          if (isLost) records.pending.putBack(taken);
          else acknowledge(taken);
        }
        while (!records.pending.isEmpty) acknowledge(take());
        expect(stored).toEqual(states.at(-1));
      }),
      { numRuns: 500 },
    );
  });
});

describe('a batch that takes many slices', () => {
  const WEIGHT = 200_000;

  it('shows the state after one of the groups, although others change and are looked at meanwhile', async () => {
    const anyGroup = fc.dictionary(
      fc.constantFrom('a', 'b', 'c', 'd'),
      fc.option(fc.string({ minLength: 1, maxLength: 3, unit: 'grapheme-ascii' }), { nil: undefined }),
      { minKeys: 1, noNullPrototype: true },
    );
    const anyStep = fc.oneof(
      { weight: 3, arbitrary: anyGroup },
      { weight: 4, arbitrary: fc.constant('slice' as const) },
      { weight: 1, arbitrary: fc.constantFrom('look' as const, 'spill' as const) },
    );
    await fc.assert(
      fc.asyncProperty(fc.array(anyStep, { maxLength: 60 }), fc.constantFrom(4, 1_000), async (steps, most) => {
        const records = new Records({ records: most, bytes: 4 * most * WEIGHT }, WEIGHT);
        const states: Record<string, string>[] = [{}];
        let [stored, seen]: [Record<string, string>, number] = [{}, 0];
        let taking = records.pending.take();
        const proceed = (): void => {
          const step = taking.next();
          if (step.done !== true) return;
          stored = applied(stored, changesOf(step.value));
          seen = states.findIndex((state, index) => index >= seen && isDeepStrictEqual(state, stored));
          expect(seen, JSON.stringify(stored)).not.toBe(-1);
          taking = records.pending.take();
        };
        for (const step of steps) {
          if (step === 'slice') proceed();
          else if (step === 'look') expect(applied(stored, pendingOf(records))).toEqual(states.at(-1));
          else if (step === 'spill') {
            const left = records.pending
              .groups()
              .batches.reduce((state, batch) => applied(state, changesOf({ batch })), stored);
            expect(left).toEqual(states.at(-1));
          } else {
            await records.group(step);
            states.push(applied(states.at(-1) ?? {}, step));
          }
        }
        for (let rest = 0; !records.pending.isEmpty && rest < 10_000; rest += 1) proceed();
        expect(stored).toEqual(states.at(-1));
      }),
      { numRuns: 300 },
    );
  });

  it('stays pending until its last slice', async () => {
    const records = new Records({}, WEIGHT);
    await records.group({ a: '1', b: '1', c: '1' });
    const taking = records.pending.take();
    let slices = 0;
    while (taking.next().done !== true) {
      slices += 1;
      expect([...records.pending.keys()].sort()).toEqual(['a', 'b', 'c']);
      expect(records.pending.oldest?.sequence).toBe(1);
    }
    expect(slices).toBe(3);
    expect(records.pending.isEmpty).toBe(true);
  });
});

/** What is pending, with the values of now. */
function pendingOf(records: Records): Record<string, string | undefined> {
  return Object.fromEntries(Array.from(records.pending.keys(), (recordKey) => [recordKey, records.valueOf(recordKey)]));
}

/** A state with changes applied; without a text, a record is deleted. */
function applied(
  state: Readonly<Record<string, string>>,
  changes: Readonly<Record<string, string | undefined>>,
): Record<string, string> {
  const all = Object.entries({ ...state, ...changes });
  return Object.fromEntries(all.filter((entry): entry is [string, string] => entry[1] !== undefined));
}
