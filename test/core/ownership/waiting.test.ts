import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AccountKeeperError } from '../../../src/core/errors.js';
import { formatHeadMeta, type HeadMeta, parseHeadMeta, writerOf } from '../../../src/core/ownership/head-meta.js';
import { leaseAccountId } from '../../../src/core/ownership/lease-record.js';
import { ownershipSettings } from '../../../src/core/ownership/ownership-options.js';
import { shareLease } from '../../../src/core/ownership/process-lease.js';
import { type WaitResult, waitForOwner } from '../../../src/core/ownership/wait-for-owner.js';
import type { PersistenceDriver } from '../../../src/core/persistence-driver.js';
import { MemoryBackend } from '../../../src/drivers/memory/backend.js';
import { MemoryDriver } from '../../../src/drivers/memory/driver.js';
import { FakeClock } from '../../support/fake-clock.js';
import { rejection } from '../../support/open-store.js';

const NOTHING = { upserts: new Map<string, string>(), deletes: new Set<string>() };
const leaseMs = 3_000;
const pollMs = 500;

class Scene {
  readonly backend = new MemoryBackend();
  readonly clock = new FakeClock();
  readonly owner: PersistenceDriver = new MemoryDriver({ backend: this.backend });
  readonly waiter: PersistenceDriver = new MemoryDriver({ backend: this.backend });
  readonly abort = new AbortController();
  result: WaitResult | undefined;
  error: unknown;
  #ids = 0;

  createId = (): string => {
    this.#ids += 1;
    return `id-${this.#ids}`;
  };

  lease(driver = this.owner): ReturnType<typeof shareLease> {
    return shareLease({ driver, clock: this.clock, createId: this.createId, leaseMs });
  }

  /** Of the head of the only lease. */
  get leaseKey(): string {
    const [key = ''] = [...this.backend.keys()].filter((each) => each.includes('{accountkeeper/lease/'));
    return key;
  }

  async commit(meta: Parameters<typeof formatHeadMeta>[0]): Promise<void> {
    const head = await this.owner.head('account');
    const expected = head === undefined ? undefined : { revision: head.revision, writeId: head.writeId };
    const writeId = this.createId();
    await this.owner.commit('account', NOTHING, { expected, writerId: 'owner', writeId, meta: formatHeadMeta(meta) });
  }

  wait(timeoutMs?: number): void {
    waitForOwner({
      driver: this.waiter,
      accountId: 'account',
      clock: this.clock,
      leaseMs,
      pollMs,
      signal: this.abort.signal,
      onWaiting: () => undefined,
      ...(timeoutMs === undefined ? {} : { timeoutMs }),
    }).then(
      (result) => {
        this.result = result;
      },
      (error: unknown) => {
        this.error = error;
      },
    );
  }
}

async function owned(): Promise<Scene> {
  const scene = new Scene();
  const lease = scene.lease();
  await scene.clock.advance(0);
  await scene.commit({ released: false, lease: lease.reference, replayed: [], claims: [] });
  return scene;
}

describe('waiting for the owner of an account', () => {
  it('is over at once when there never was one, or the account was dropped', async () => {
    const scene = new Scene();
    scene.wait();
    await scene.clock.advance(0);
    expect(scene.result).toEqual({ reason: 'vacant', head: undefined });
    await scene.owner.drop('account', { expected: undefined, writerId: 'w', writeId: 'x' });
    scene.wait();
    await scene.clock.advance(0);
    expect(scene.result).toMatchObject({ reason: 'vacant', head: { dropped: true } });
  });

  it('goes on for as long as the lease is renewed, whatever the wall clocks say', async () => {
    const scene = await owned();
    scene.wait();
    for (let minute = 0; minute < 10; minute += 1) {
      scene.clock.jumpWall(minute % 2 === 0 ? 9_000_000 : -9_000_000);
      await scene.clock.advance(60_000);
    }
    expect(scene.result).toBeUndefined();
  });

  it('is over once the owner has released the account, although its lease goes on for others', async () => {
    const scene = await owned();
    const { lease } = parseHeadMeta((await scene.owner.head('account'))?.meta ?? '');
    scene.wait();
    await scene.clock.advance(2_000);
    expect(scene.result).toBeUndefined();
    await scene.commit({ released: true, replayed: [], claims: [], ...(lease === undefined ? {} : { lease }) });
    await scene.clock.advance(pollMs);
    expect(scene.result).toMatchObject({ reason: 'released' });
    expect(scene.result?.lease).toBeUndefined();
  });

  it('does not take the end of a lease for the release of an account', async () => {
    const scene = new Scene();
    const share = scene.lease();
    await scene.clock.advance(0);
    await scene.commit({ released: false, lease: share.reference, replayed: [], claims: [] });
    await share.release();
    scene.wait();
    await scene.clock.advance(leaseMs - pollMs);
    expect(scene.result).toBeUndefined();
    await scene.clock.advance(2 * pollMs);
    expect(scene.result).toMatchObject({ reason: 'ran-out', lease: undefined });
  });

  it('is over when neither lease nor account has changed for the time of the lease', async () => {
    const scene = await owned();
    scene.owner.drop = () => new Promise(() => undefined);
    scene.wait();
    await scene.clock.advance(leaseMs - pollMs);
    expect(scene.result).toBeUndefined();
    await scene.clock.advance(leaseMs);
    expect(scene.result).toMatchObject({ reason: 'ran-out', lease: { id: expect.any(String) } });
  });

  it('is not longer because somebody else who has waited removes the lease that ran out', async () => {
    const scene = await owned();
    scene.owner.drop = () => new Promise(() => undefined);
    scene.wait();
    await scene.clock.advance(leaseMs - pollMs);
    scene.backend.delete(scene.leaseKey);
    await scene.clock.advance(2 * pollMs);
    expect(scene.result).toMatchObject({ reason: 'ran-out', lease: undefined });
  });

  it('lasts as long as the lease said, also once the backend has lost it', async () => {
    const scene = new Scene();
    const lease = shareLease({
      driver: scene.owner,
      clock: scene.clock,
      createId: scene.createId,
      leaseMs: 4 * leaseMs,
    });
    await scene.clock.advance(0);
    await scene.commit({ released: false, lease: lease.reference, replayed: [], claims: [] });
    scene.owner.drop = () => new Promise(() => undefined);
    scene.wait();
    await scene.clock.advance(pollMs);
    scene.backend.delete(scene.leaseKey);
    await scene.clock.advance(3 * leaseMs);
    expect(scene.result).toBeUndefined();
    await scene.clock.advance(leaseMs + pollMs);
    expect(scene.result).toMatchObject({ reason: 'ran-out' });
  });

  it('begins anew with each commit of an owner without a lease', async () => {
    const scene = new Scene();
    await scene.commit({ released: false, replayed: [], claims: [] });
    scene.wait();
    for (let times = 0; times < 10; times += 1) {
      await scene.clock.advance(leaseMs - pollMs);
      await scene.commit({ released: false, replayed: [], claims: [] });
    }
    expect(scene.result).toBeUndefined();
    await scene.clock.advance(leaseMs + 2 * pollMs);
    expect(scene.result).toMatchObject({ reason: 'ran-out' });
  });

  it('does not count time in which it could not read', async () => {
    const scene = await owned();
    scene.owner.drop = () => new Promise(() => undefined);
    const { head } = scene.waiter;
    let reads = 0;
    scene.waiter.head = async (id, options) => {
      reads += 1;
      // Every second look fails: no interval lies between two successful ones.
      if (reads % 3 === 0) throw new AccountKeeperError('UNAVAILABLE', 'down');
      return head.call(scene.waiter, id, options);
    };
    scene.wait();
    await scene.clock.advance(10 * leaseMs);
    expect(scene.result).toBeUndefined();
    scene.waiter.head = head;
    await scene.clock.advance(leaseMs + 2 * pollMs);
    expect(scene.result).toMatchObject({ reason: 'ran-out' });
  });

  it('counts little of a time in which it stood still itself', async () => {
    const scene = await owned();
    scene.owner.drop = () => new Promise(() => undefined);
    const monotonic = scene.clock.monotonic.bind(scene.clock);
    let skippedMs = 0;
    scene.clock.monotonic = () => monotonic() + skippedMs;
    scene.wait();
    await scene.clock.advance(pollMs);
    skippedMs = 3_600_000;
    await scene.clock.advance(pollMs);
    expect(scene.result).toBeUndefined();
  });

  it('ends by its limit, by its signal, and with an error that a repetition cannot mend', async () => {
    const limited = await owned();
    limited.wait(2_000);
    await limited.clock.advance(3_000);
    expect(limited.error).toMatchObject({ code: 'TIMEOUT' });
    const aborted = await owned();
    aborted.wait();
    await aborted.clock.advance(100);
    aborted.abort.abort();
    await aborted.clock.advance(0);
    expect(aborted.error).toMatchObject({ code: 'ABORTED' });
    const broken = await owned();
    broken.waiter.head = async () => {
      throw new AccountKeeperError('CORRUPT', 'broken');
    };
    broken.wait();
    await broken.clock.advance(0);
    expect(broken.error).toMatchObject({ code: 'CORRUPT' });
  });

  it('never ends while renewals arrive in time, whatever reads fail', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.boolean(), { minLength: 20, maxLength: 60 }), async (failures) => {
        const scene = await owned();
        const { head } = scene.waiter;
        let reads = 0;
        scene.waiter.head = async (id, options) => {
          reads += 1;
          if (failures[reads % failures.length] === true) throw new AccountKeeperError('TIMEOUT', 'slow');
          return head.call(scene.waiter, id, options);
        };
        scene.wait();
        await scene.clock.advance(40_000);
        expect(scene.result).toBeUndefined();
      }),
      { numRuns: 40 },
    );
  });
});

describe('the lease of a process', () => {
  it('is one record for all its accounts, renewed three times in its time, and gone with the last share', async () => {
    const scene = new Scene();
    const shares = Array.from({ length: 50 }, () => scene.lease());
    await scene.clock.advance(10 * leaseMs);
    const id = leaseAccountId(shares[0]?.reference.id ?? '');
    expect(new Set(shares.map(({ reference }) => reference.id)).size).toBe(1);
    expect((await scene.owner.head(id))?.revision).toBe(31);
    for (const share of shares.slice(1)) await share.release();
    await scene.clock.advance(leaseMs);
    expect(JSON.parse((await scene.owner.head(id))?.meta ?? '')).toEqual({ leaseMs });
    await Promise.all([shares[0]?.release(), shares[0]?.release()]);
    expect(await scene.owner.head(id)).toBeUndefined();
    expect([...scene.backend.keys()]).toEqual([]);
    expect(scene.clock.armed).toBe(0);
    const listed: string[] = [];
    for await (const each of scene.owner.accounts()) listed.push(each);
    expect(listed).toEqual([]);
  });

  it('repeats a renewal of unknown outcome as it was', async () => {
    const scene = new Scene();
    const { drop } = scene.owner;
    const writeIds: string[] = [];
    scene.owner.drop = async (id, options) => {
      writeIds.push(options.writeId);
      const head = await drop.call(scene.owner, id, options);
      if (writeIds.length === 2) throw new Error('the connection broke');
      return head;
    };
    const share = scene.lease();
    await scene.clock.advance(2 * leaseMs);
    expect(writeIds[2]).toBe(writeIds[1]);
    expect(new Set(writeIds).size).toBe(writeIds.length - 1);
    await share.release();
  });

  it('begins anew under another id when somebody else continues it, as earlier versions did', async () => {
    const scene = new Scene();
    const share = scene.lease();
    await scene.clock.advance(0);
    const { id } = share.reference;
    const head = await scene.owner.head(leaseAccountId(id));
    if (head === undefined) throw new Error('there is no lease');
    const identity = { expected: head, writerId: 'another', writeId: 'theirs' };
    const theirs = await scene.waiter.drop(leaseAccountId(id), { ...identity, meta: JSON.stringify({ leaseMs }) });
    await scene.clock.advance(2 * leaseMs);
    expect(share.reference.id).not.toBe(id);
    await share.release();
    expect([...scene.backend.keys()]).toEqual([scene.leaseKey]);
    expect(await scene.waiter.head(leaseAccountId(id))).toEqual(theirs);
  });

  it('is written again under the same id when somebody who waited has removed it, and its holder lives after all', async () => {
    const scene = await owned();
    const [id = ''] = [...scene.backend.keys()].filter((each) => each === scene.leaseKey);
    const { lease } = parseHeadMeta((await scene.owner.head('account'))?.meta ?? '');
    const leaseId = leaseAccountId(lease?.id ?? '');
    const head = await scene.waiter.head(leaseId);
    if (head === undefined) throw new Error('there is no lease');
    await scene.waiter.forget?.(leaseId, { expected: head });
    expect(scene.backend.get(id)).toBeUndefined();
    await scene.clock.advance(leaseMs);
    expect(await scene.owner.head(leaseId)).toMatchObject({ dropped: true, writerId: lease?.holder });
    expect(scene.leaseKey).toBe(id);
  });

  it('leaves its record where a driver cannot remove it, or the removal fails', async () => {
    for (const forget of [undefined, () => Promise.reject(new AccountKeeperError('UNAVAILABLE', 'down'))]) {
      const scene = new Scene();
      Object.defineProperty(scene.owner, 'forget', { value: forget });
      const share = scene.lease();
      await scene.clock.advance(0);
      await share.release();
      expect(await scene.owner.head(leaseAccountId(share.reference.id))).toMatchObject({ dropped: true });
      expect(scene.clock.armed).toBe(0);
    }
  });

  it('is renewed under the same id when the backend has lost it, or went back to an older one', async () => {
    for (const loss of ['gone', 'older'] as const) {
      const scene = await owned();
      const key = scene.leaseKey;
      const older = loss === 'gone' ? undefined : scene.backend.get(key);
      // Between two renewals.
      await scene.clock.advance(4 * leaseMs + pollMs / 2);
      scene.wait();
      await scene.clock.advance(leaseMs);
      const lose = (): unknown => (older === undefined ? scene.backend.delete(key) : scene.backend.set(key, older));
      lose();
      // And once more, before anybody has seen that it was written again.
      while (scene.backend.get(key) === older) await scene.clock.advance(10);
      lose();
      await scene.clock.advance(10 * leaseMs);
      expect(scene.result ?? scene.error).toBeUndefined();
      expect(scene.leaseKey).toBe(key);
      expect(scene.backend.get(key)).not.toBe(older);
      scene.abort.abort();
      await scene.clock.advance(pollMs);
    }
  });

  it('fits where keys of 38 bytes are the longest, with the prefix of every id of the library', () => {
    const scene = new Scene();
    const { clock } = scene;
    const ids = ['9d8f1f0c-41c4-4f43-9d8b-7b0f5d3b2a10', '9d8f1f0c-41c4-4f43-8aaa-7b0f5d3b2a11'];
    const names = ids.map((id) => {
      const lease = shareLease({ driver: new MemoryDriver(), clock, createId: () => id, leaseMs });
      return leaseAccountId(lease.reference.id);
    });
    for (const name of names) expect(name.length).toBeLessThanOrEqual(38);
    expect(new Set(names).size).toBe(2);
  });

  it('says when it cannot be written for good, and nothing of what may pass', async () => {
    const scene = new Scene();
    const codes: (string | undefined)[] = [];
    for (const [code, retryable] of [
      ['INVALID_KEY', false],
      ['UNAVAILABLE', true],
      ['CONFLICT', false],
    ] as const) {
      const driver: PersistenceDriver = new MemoryDriver();
      driver.drop = async () => {
        throw new AccountKeeperError(code, 'no', { retryable });
      };
      const share = scene.lease(driver);
      codes.push(
        await share.begun.then(
          () => 'begun',
          (error: AccountKeeperError) => error.code,
        ),
      );
      await share.release();
    }
    expect(codes).toEqual(['INVALID_KEY', 'begun', 'begun']);
  });

  it('goes on after failures, and is released although the backend is gone', async () => {
    const scene = new Scene();
    const { drop } = scene.owner;
    const share = scene.lease();
    await scene.clock.advance(0);
    scene.owner.drop = async () => {
      throw new AccountKeeperError('UNAVAILABLE', 'down');
    };
    await scene.clock.advance(10 * leaseMs);
    scene.owner.drop = drop;
    const before = (await scene.owner.head(leaseAccountId(share.reference.id)))?.revision ?? 0;
    await scene.clock.advance(leaseMs);
    expect((await scene.owner.head(leaseAccountId(share.reference.id)))?.revision).toBeGreaterThan(before);
    scene.owner.drop = async () => {
      throw new AccountKeeperError('UNAVAILABLE', 'down');
    };
    await share.release();
  });
});

describe('the meta of a head', () => {
  it('is read as it was written, and says nothing when it is not ours', () => {
    const string = fc.string();
    const maybe = <Value>(arbitrary: fc.Arbitrary<Value>): fc.Arbitrary<Value | undefined> =>
      fc.option(arbitrary, { nil: undefined });
    const meta: fc.Arbitrary<HeadMeta> = fc.record({
      released: fc.boolean(),
      replayed: fc.array(string),
      lease: maybe(fc.record({ id: string, holder: string })),
      lineage: maybe(string),
      claims: fc.array(fc.record({ base: fc.maxSafeNat(), writerId: string })),
      unfinished: maybe(fc.record({ id: string, part: fc.maxSafeNat() })),
    });
    fc.assert(
      fc.property(meta, (said) => {
        expect(parseHeadMeta(formatHeadMeta(said))).toEqual(said);
      }),
    );
    const nonsense = { released: 'yes', replayed: 7, lease: { id: 1 }, lineage: 1, claims: [[1], 'x'], unfinished: {} };
    for (const foreign of ['', 'x', '7', 'null', '[]', JSON.stringify(nonsense)]) {
      expect(parseHeadMeta(foreign)).toEqual({ released: false, replayed: [], claims: [] });
    }
  });

  it('says of an earlier version what that wrote', () => {
    const before = '{"released":true,"lease":{"id":"l","holder":"h"},"replayed":["s"]}';
    const lease = { id: 'l', holder: 'h' };
    expect(parseHeadMeta(before)).toEqual({ released: true, lease, replayed: ['s'], claims: [] });
  });

  it('remembers the last 32 take-overs and spills, and tells whose a revision is as far as those reach', () => {
    const claims = Array.from({ length: 40 }, (_, index) => ({ base: 10 * index, writerId: `w${index}` }));
    const replayed = claims.map(({ writerId }) => writerId);
    const meta = parseHeadMeta(formatHeadMeta({ released: false, replayed, claims }));
    expect(meta.claims).toEqual(claims.slice(8));
    expect(meta.replayed).toEqual(replayed.slice(8));
    const writers = [80, 81, 90, 91, 1_000].map((revision) => writerOf(revision, meta.claims));
    expect(writers).toEqual([undefined, 'w8', 'w8', 'w9', 'w39']);
  });
});

describe('the ownership option', () => {
  it('is completed, and refused when it is none', async () => {
    expect(ownershipSettings()).toEqual({ mode: 'take-over', leaseMs: 15_000, pollMs: 3_000, follow: false });
    expect(ownershipSettings({ mode: 'wait', leaseMs: 500 })).toMatchObject({
      mode: 'wait',
      leaseMs: 500,
      pollMs: 100,
    });
    expect(ownershipSettings({ mode: 'read-only', follow: true })).toMatchObject({ pollMs: 50, follow: true });
    for (const bad of ['lead', 7, { mode: 'x' }, { leaseMs: 5 }, { pollMs: 0 }, { lease: 1 }, null]) {
      const refused = (async () => ownershipSettings(bad as never))();
      expect((await rejection(refused)).code).toBe('CONFIG');
    }
  });
});
