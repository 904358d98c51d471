// @ts-check
/** @import { AccountHead, CommitOptions } from 'accountkeeper' */
/** @import { Listener } from '../contract-faults.js' */
// Races that the contract suite cannot arrange, because it knows nothing of files: a writer that is held up at one call of the
// file system while others go on.
import assert from 'node:assert/strict';
import { mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { observedFs } from '../contract-faults.js';
import { nameOf } from '../disk.js';
import { FileDriver } from '../file-driver.js';

describe('a file driver', () => {
  let folder = '';
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'accountkeeper-races-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  /** @param {Listener} [listener] */
  const open = async (listener) => {
    const driver = new FileDriver({ folder, fs: observedFs(new Set(listener && [listener])) });
    await driver.open();
    return driver;
  };

  for (const call of ['writeFile', 'rename', 'rm']) {
    for (const commits of [1, 2, 3, 4]) {
      it(`lands nothing late when it was held up at ${call} for ${commits} commits of another one`, async () => {
        const gate = holdAt(call);
        const [slow, fast] = [await open(gate.listener), await open()];
        let head = await commit(fast, undefined, 'first');
        head = await commit(fast, head, 'second');
        gate.arm();
        const late = commit(slow, head, 'late').catch((error) => error);
        await gate.reached;
        const landed = (await fast.head('a'))?.writeId === 'late';
        if (landed) head = /** @type {AccountHead} */ (await fast.head('a'));
        for (let number = 1; number <= commits; number += 1) head = await commit(fast, head, `fast ${number}`);
        gate.release();
        const result = await late;
        if (landed) assert.equal(result.writeId, 'late');
        else assert.deepEqual([result.code, result.outcome, result.head], ['CONFLICT', 'not-applied', head]);
        assert.deepEqual(await fast.head('a'), head);
        assert.equal((await fast.load('a'))?.records.get('by'), `fast ${commits}`);
        const after = await commit(slow, head, 'after');
        assert.equal(after.revision, head.revision + 1);
      });
    }
  }

  it('syncs again when a commit is repeated whose last sync failed', async () => {
    /** @type {string[]} */
    const calls = [];
    let isBroken = false;
    const driver = await open(({ name }) => {
      calls.push(name);
      if (isBroken && name === 'sync' && calls.includes('rename'))
        throw Object.assign(new Error('EIO'), { code: 'EIO' });
    });
    const head = await commit(driver, undefined, 'first');
    isBroken = true;
    calls.length = 0;
    const again = () => commit(driver, head, 'second');
    await assert.rejects(again(), { code: 'UNAVAILABLE', outcome: 'unknown' });
    isBroken = false;
    calls.length = 0;
    const repeated = await again();
    assert.deepEqual([repeated.writeId, repeated.revision], ['second', 2]);
    assert.ok(calls.lastIndexOf('sync') > calls.indexOf('rename'));
  });

  it('keeps the newest state alone, and no file of those who were too late', async () => {
    const drivers = await Promise.all([open(), open(), open()]);
    const [first] = drivers;
    assert.ok(first);
    let head = await commit(first, undefined, 'first');
    for (let round = 1; round <= 10; round += 1) {
      const base = head;
      const attempts = drivers.map((driver, index) => commit(driver, base, `${round} ${index}`));
      await Promise.allSettled(attempts);
      head = await Promise.any(attempts);
    }
    await commit(first, head, 'last');
    await commit(first, /** @type {AccountHead} */ (await first.head('a')), 'after the last');
    const files = await readdir(join(folder, nameOf('accountkeeper'), nameOf('a')), { recursive: true });
    const state = files.find((name) => name !== 'id' && !name.includes('/'));
    assert.deepEqual(files.sort(), ['id', `${state}`, `${state}/${state}`].sort());
  });

  it('takes a folder that is gone for an outage, and never for an empty one', async () => {
    const driver = await open();
    const outage = { code: 'UNAVAILABLE', outcome: 'not-applied' };
    await rename(folder, `${folder}-away`);
    try {
      await assert.rejects(driver.head('never written'), outage);
      await assert.rejects(driver.accounts().next(), outage);
      await assert.rejects(commit(driver, undefined, 'first'), { code: 'UNAVAILABLE' });
      await assert.rejects(new FileDriver({ folder }).open(), outage);
    } finally {
      await rename(`${folder}-away`, folder);
    }
    assert.equal(await driver.head('never written'), undefined);
  });
});

/**
 * @param {FileDriver} driver
 * @param {CommitOptions['expected']} expected
 * @param {string} writeId
 */
function commit(driver, expected, writeId) {
  const batch = { upserts: new Map([['by', writeId]]), deletes: new Set() };
  return driver.commit('a', batch, { expected, writerId: 'w', writeId });
}

/**
 * Holds up the first call of that name, once it is armed.
 *
 * @param {string} name
 */
function holdAt(name) {
  let isArmed = false;
  const [reach, held] = [deferred(), deferred()];
  return {
    arm: () => {
      isArmed = true;
    },
    release: () => held.resolve(undefined),
    reached: reach.promise,
    /** @param {Parameters<Listener>[0]} call */
    listener: async (call) => {
      if (!isArmed || call.name !== name) return;
      isArmed = false;
      reach.resolve(undefined);
      await held.promise;
    },
  };
}

function deferred() {
  /** @type {(value: unknown) => void} */
  let resolve = () => undefined;
  const promise = new Promise((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}
