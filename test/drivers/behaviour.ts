import { describe, expect, it } from 'vitest';
import type { AccountKeeperError, ErrorCode } from '../../src/core/errors.js';
import type { CommitBatch, PersistenceDriver } from '../../src/core/persistence-driver.js';
import { batchOf, collect, onTopOf, rejection } from './support.js';

/** Two drivers on one backend that nobody else uses; closed after the test. */
export type DriverPair = readonly [PersistenceDriver, PersistenceDriver];

const ADVERSARIAL = [
  ...[
    'a',
    'A',
    'a:b',
    'acct_1',
    'acctX1',
    'a%',
    '%61',
    '{a}',
    'a}',
    'a}:r:x',
    'a*',
    ':',
    '::',
    '/',
    '..',
    '../x',
    '_',
    '?',
  ],
  ...[
    '[',
    '\\',
    "'",
    '"',
    ' ',
    '\n',
    '\0',
    '\u0001',
    '__proto__',
    'constructor',
    'é',
    'e\u0301',
    'ß',
    '💰',
    '\ud800',
    '\udc00',
  ],
  ...['head', ':head', 'r:', 'x'.repeat(1000)],
];

const VALUES = [
  ...[
    '',
    ' ',
    ':',
    '::',
    ':base64:aGk=',
    'null',
    '{"value":1}',
    '{"value":"x"}',
    '"',
    '\\',
    '\\u0000',
    '\0',
    'a\0b',
    '\n\r\t',
  ],
  ...['💰', 'é', '\ud800', '\udc00x', '\u2028', '\uffff', 'x'.repeat(100_000)],
];

/** What every driver with conditional, atomic commits has to do. */
export function describeDriver(name: string, makePair: () => Promise<DriverPair>): void {
  const make = async (): Promise<PersistenceDriver> => (await makePair())[0];

  describe(`${name}: round trip`, () => {
    it('knows nothing of an account that was never written', async () => {
      const driver = await make();
      expect(await driver.head('a')).toBeUndefined();
      expect(await driver.load('a')).toBeUndefined();
      expect(await collect(driver.accounts())).toEqual([]);
    });

    it('gives back every value, in this driver and in another one', async () => {
      const [driver, other] = await makePair();
      const upserts = Object.fromEntries(VALUES.map((value, index) => [`v${index}`, value]));
      const head = await driver.commit('a', batchOf(upserts), onTopOf(undefined, { meta: 'm\0\ud800:' }));
      for (const reader of [driver, other]) {
        const stored = await reader.load('a');
        expect(stored?.head).toEqual(head);
        expect(Object.fromEntries(stored?.records ?? [])).toEqual(upserts);
        expect(stored?.corrupt.size).toBe(0);
        expect(await reader.head('a')).toEqual(head);
      }
    });

    it('keeps adversarial accounts and records apart', async () => {
      const [driver, other] = await makePair();
      for (const id of ADVERSARIAL) {
        const records = new Map(ADVERSARIAL.map((key) => [key, `${id}/${key}`]));
        await driver.commit(id, { upserts: records, deletes: new Set() }, onTopOf(undefined));
      }
      const first = await driver.head('a');
      await driver.drop('a', onTopOf(first));
      expect((await collect(other.accounts())).sort()).toEqual(ADVERSARIAL.filter((id) => id !== 'a').sort());
      for (const id of ADVERSARIAL.slice(1)) {
        const stored = await other.load(id);
        expect(stored?.head.revision).toBe(1);
        expect([...(stored?.records ?? [])].sort()).toEqual(ADVERSARIAL.map((key) => [key, `${id}/${key}`]).sort());
      }
    });

    it('copies the batch at the call', async () => {
      const driver = await make();
      const upserts = new Map([['k', 'before']]);
      const committing = driver.commit('a', { upserts, deletes: new Set() }, onTopOf(undefined));
      upserts.set('k', 'after').set('l', 'after');
      await committing;
      const loaded = await driver.load('a');
      const records = new Map(loaded?.records);
      expect(records).toEqual(new Map([['k', 'before']]));
      if (loaded !== undefined) (loaded.records as Map<string, string>).set('k', 'changed');
      expect([...((await driver.load('a'))?.records ?? [])]).toEqual([['k', 'before']]);
    });
  });

  describe(`${name}: commit`, () => {
    it('upserts, deletes and raises the revision, also with an empty batch', async () => {
      const driver = await make();
      const first = await driver.commit('a', batchOf({ k: '1', l: '1' }), onTopOf(undefined));
      const second = await driver.commit('a', batchOf({ l: '2', m: '2' }, ['k', 'never']), onTopOf(first));
      const third = await driver.commit('a', batchOf(), onTopOf(second));
      expect([first.revision, second.revision, third.revision]).toEqual([1, 2, 3]);
      expect(Object.fromEntries((await driver.load('a'))?.records ?? [])).toEqual({ l: '2', m: '2' });
    });

    it('stays above revisionFloor', async () => {
      const driver = await make();
      const head = await driver.commit('a', batchOf(), onTopOf(undefined, { revisionFloor: 41 }));
      expect(head.revision).toBe(42);
      expect((await driver.commit('a', batchOf(), onTopOf(head, { revisionFloor: 7 }))).revision).toBe(43);
    });

    it('rejects CONFLICT with the stored head when another one is stored, and changes nothing', async () => {
      const [driver, other] = await makePair();
      const first = await driver.commit('a', batchOf({ k: '1' }), onTopOf(undefined));
      const second = await other.commit('a', batchOf({ k: '2' }), onTopOf(first));
      const stale = [
        onTopOf(undefined),
        onTopOf(first),
        onTopOf({ ...second, writeId: 'other' }),
        onTopOf({ ...second, revision: 1 }),
      ];
      for (const writer of [driver, other]) {
        for (const options of stale) {
          const error = await rejection(writer.commit('a', batchOf({ k: 'x' }, ['l']), options));
          expect(error).toMatchObject({ code: 'CONFLICT', outcome: 'not-applied', retryable: false, head: second });
        }
      }
      expect((await other.load('a'))?.records.get('k')).toBe('2');
      expect(await other.head('a')).toEqual(second);
    });

    it('rejects ROLLED_BACK when less than the expected head is stored', async () => {
      const driver = await make();
      const error = await rejection(driver.commit('a', batchOf(), onTopOf({ ...HEAD, revision: 3 })));
      expect(error.code).toBe('ROLLED_BACK');
      const head = await driver.commit('a', batchOf(), onTopOf(undefined));
      const second = await rejection(driver.commit('a', batchOf(), onTopOf({ ...HEAD, revision: 3 })));
      expect(second).toMatchObject({ code: 'ROLLED_BACK', head });
    });

    it('takes effect once when it is repeated, also while the first attempt is under way', async () => {
      const [driver, other] = await makePair();
      const options = onTopOf(undefined);
      const batch = batchOf({ k: '1' });
      const heads = await Promise.all([
        driver.commit('a', batch, options),
        driver.commit('a', batch, options),
        other.commit('a', batch, options),
      ]);
      heads.push(await driver.commit('a', batch, options), await other.commit('a', batch, options));
      expect(new Set(heads.map(({ revision, writeId }) => `${revision} ${writeId}`)).size).toBe(1);
      expect((await other.head('a'))?.revision).toBe(1);
    });

    it('does nothing when the expected head is its own', async () => {
      const driver = await make();
      const head = await driver.commit('a', batchOf({ k: '1' }), onTopOf(undefined));
      const again = await driver.commit('a', batchOf({ k: '2' }), onTopOf(head, { writeId: head.writeId }));
      expect(again).toEqual(head);
      expect((await driver.load('a'))?.records.get('k')).toBe('1');
    });

    it('lets one of many first commits win', async () => {
      const pair = await makePair();
      const attempts = Array.from({ length: 20 }, (_, index) =>
        (index % 2 === 0 ? pair[0] : pair[1]).commit('a', batchOf({ k: `${index}` }), onTopOf(undefined)),
      );
      const results = await Promise.allSettled(attempts);
      expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
      for (const result of results) if (result.status === 'rejected') expect(result.reason.code).toBe('CONFLICT');
    });

    it('applies commits that were not awaited in the order of the calls', async () => {
      const driver = await make();
      const writes: Promise<unknown>[] = [];
      let head: { revision: number; writeId: string } | undefined;
      for (let revision = 1; revision <= 20; revision += 1) {
        const writeId = `w${revision}`;
        writes.push(driver.commit('a', batchOf({ k: writeId }), onTopOf(undefined, { expected: head, writeId })));
        head = { revision, writeId };
      }
      await Promise.all(writes);
      expect((await driver.load('a'))?.records.get('k')).toBe('w20');
    });

    it('counts right when writers contend, with many accounts side by side', async () => {
      const pair = await makePair();
      const increment = async (driver: PersistenceDriver, account: string): Promise<void> => {
        for (;;) {
          const stored = await driver.load(account);
          const next = String(Number(stored?.records.get('count') ?? 0) + 1);
          try {
            await driver.commit(account, batchOf({ count: next, copy: next }), onTopOf(stored?.head));
            return;
          } catch (error) {
            expect(error).toMatchObject({ code: 'CONFLICT' });
          }
        }
      };
      const accounts = Array.from({ length: 8 }, (_, index) => `account ${index}`);
      const writers = accounts.flatMap((account) =>
        pair.map(async (driver) => {
          for (let count = 0; count < 5; count += 1) await increment(driver, account);
        }),
      );
      let running = true;
      const reading = (async () => {
        while (running) {
          for (const account of accounts) {
            const records = (await pair[1].load(account))?.records;
            expect(records?.get('count')).toBe(records?.get('copy'));
          }
        }
      })();
      await Promise.all(writers).finally(() => {
        running = false;
      });
      await reading;
      for (const account of accounts) {
        expect((await pair[0].load(account))?.records.get('count')).toBe('10');
        expect((await pair[0].head(account))?.revision).toBe(10);
      }
    });
  });

  describe(`${name}: drop`, () => {
    it('forgets the records, keeps a head, and lets the account be written again', async () => {
      const [driver, other] = await makePair();
      const first = await driver.commit('a', batchOf({ k: '1' }), onTopOf(undefined));
      expect((await rejection(driver.drop('a', onTopOf(undefined)))).code).toBe('CONFLICT');
      const dropped = await driver.drop('a', onTopOf(first));
      expect(dropped).toMatchObject({ revision: 2, dropped: true });
      expect(await other.load('a')).toEqual({ head: dropped, records: new Map(), corrupt: new Map() });
      expect(await collect(other.accounts())).toEqual([]);
      const again = await other.commit('a', batchOf({ l: '1' }), onTopOf(dropped));
      expect(again).toMatchObject({ revision: 3, dropped: false });
      expect(Object.fromEntries((await driver.load('a'))?.records ?? [])).toEqual({ l: '1' });
      expect(await collect(driver.accounts())).toEqual(['a']);
    });

    it('resolves with the head when it is repeated', async () => {
      const driver = await make();
      const head = await driver.commit('a', batchOf({ k: '1' }), onTopOf(undefined));
      const options = onTopOf(head);
      const dropped = await driver.drop('a', options);
      expect(await driver.drop('a', options)).toEqual(dropped);
    });
  });

  describe(`${name}: limits`, () => {
    it('takes a key and a value of the largest size, and rejects more without I/O', async () => {
      const driver = await make();
      const { keyBytes, valueBytes, batchBytes } = driver.limits;
      const key = '\0'.repeat(keyBytes);
      const value = '\0'.repeat(valueBytes);
      await driver.commit(key, { upserts: new Map([[key, value]]), deletes: new Set() }, onTopOf(undefined));
      const stored = await driver.load(key);
      expect(stored?.records.get(key) === value).toBe(true);
      expect(await collect(driver.accounts())).toEqual([key]);

      const tooLong = `${key}x`;
      const refused = (batch: CommitBatch): Promise<AccountKeeperError> =>
        rejection(driver.commit('a', batch, onTopOf(undefined)));
      const over: [Promise<AccountKeeperError>, ErrorCode, readonly string[] | undefined][] = [
        [rejection(driver.head(tooLong)), 'INVALID_KEY', undefined],
        [refused(batchOf({ [tooLong]: '' })), 'INVALID_KEY', [tooLong]],
        [refused(batchOf({}, [tooLong])), 'INVALID_KEY', [tooLong]],
        [refused(batchOf({ ok: '', big: `${value}x` })), 'TOO_LARGE', ['big']],
      ];
      for (const [promise, code, records] of over) {
        const error = await promise;
        expect(error).toMatchObject({ code, outcome: 'not-applied' });
        expect(error.records).toEqual(records);
      }
      const pieces = Math.ceil(batchBytes / valueBytes);
      const upserts = Object.fromEntries(Array.from({ length: pieces }, (_, index) => [`k${index}`, value]));
      expect((await rejection(driver.commit('a', batchOf(upserts), onTopOf(undefined)))).code).toBe('TOO_LARGE');
      expect(await driver.head('a')).toBeUndefined();
    });

    it('commits and loads 10,000 records', async () => {
      const driver = await make();
      const upserts = new Map(Array.from({ length: 10_000 }, (_, index) => [`metadata/S${index}`, `value ${index}`]));
      const head = await driver.commit('a', { upserts, deletes: new Set() }, onTopOf(undefined));
      expect((await driver.load('a'))?.records.size).toBe(10_000);
      await driver.drop('a', onTopOf(head));
      expect((await driver.load('a'))?.records.size).toBe(0);
    });

    it('lists each of 1,000 accounts once while others come and go', async () => {
      const [driver, other] = await makePair();
      const ids = Array.from({ length: 1000 }, (_, index) => `fixed ${index}`);
      await Promise.all(ids.map((id) => driver.commit(id, batchOf({ k: id }), onTopOf(undefined))));
      const listed: string[] = [];
      for await (const id of other.accounts()) {
        if (listed.length % 50 === 0) {
          const head = await driver.commit(`guest ${listed.length}`, batchOf(), onTopOf(undefined));
          if (listed.length % 100 === 0) await driver.drop(`guest ${listed.length}`, onTopOf(head));
        }
        listed.push(id);
      }
      expect(listed.filter((id) => id.startsWith('fixed')).sort()).toEqual(ids.sort());
      expect(new Set(listed).size).toBe(listed.length);
    });
  });

  describe(`${name}: close`, () => {
    it('is idempotent, and what comes after it rejects CLOSED', async () => {
      const driver = await make();
      const committing = driver.commit('a', batchOf(), onTopOf(undefined));
      await Promise.all([driver.close(), driver.close()]);
      await driver.close();
      await expect(committing).resolves.toMatchObject({ revision: 1 });
      const calls = [
        driver.open(),
        driver.head('a'),
        driver.load('a'),
        driver.commit('a', batchOf(), onTopOf(undefined)),
        driver.drop('a', onTopOf(undefined)),
        collect(driver.accounts()),
      ];
      for (const error of await Promise.all(calls.map(rejection))) expect(error.code).toBe('CLOSED');
    });

    it('leaves another driver on the same backend working', async () => {
      const [driver, other] = await makePair();
      const head = await driver.commit('a', batchOf(), onTopOf(undefined));
      await driver.close();
      expect(await other.head('a')).toEqual(head);
    });
  });
}

const HEAD = { revision: 1, writerId: 'w', writeId: 'w', meta: '', dropped: false };
