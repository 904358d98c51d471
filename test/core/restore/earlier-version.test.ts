import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { AccountKeeperError } from '../../../src/core/errors.js';
import { accountFileName } from '../../../src/core/local-files/account-file-name.js';
import { parseHeadMeta } from '../../../src/core/ownership/head-meta.js';
import type { AccountHead } from '../../../src/core/persistence-driver.js';
import { MemoryBackend } from '../../../src/drivers/memory/backend.js';
import { MemoryDriver } from '../../../src/drivers/memory/driver.js';
import { SmallDriver } from '../../support/backend-history.js';
import { FakeClock } from '../../support/fake-clock.js';
import { ACCOUNT, createStore, type OpenStore, rejection } from '../../support/open-store.js';
import { ScriptedDriver } from '../../support/scripted-driver.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

type Meta = { readonly n: number };

let directory = '';

beforeEach(() => {
  directory = temporaryFolder('earlier');
  mkdirSync(directory, { recursive: true });
});

/** Commits as version 0.1.0 does: its meta knows `released`, `lease` and `replayed` alone. */
async function earlierCommit(backend: MemoryBackend, n: number, meta = ''): Promise<AccountHead> {
  const driver = new MemoryDriver({ backend });
  const head = await driver.head(ACCOUNT);
  const expected = head === undefined ? undefined : { revision: head.revision, writeId: head.writeId };
  const batch = { upserts: new Map([['metadata/A', `1;json;{"n":${n}}`]]), deletes: new Set<string>() };
  return driver.commit(ACCOUNT, batch, { expected, writerId: 'earlier', writeId: `earlier-${n}`, meta });
}

function earlierHighWater({ revision, writeId }: { readonly revision: number; readonly writeId: string }): void {
  const body = JSON.stringify({ accountId: ACCOUNT, revision, writeId });
  const digest = createHash('sha256').update(body).digest('hex');
  const text = `accountkeeper-high-water 1 sha256:${digest}\n${body}\n`;
  writeFileSync(join(directory, `${accountFileName(ACCOUNT)}.high-water`), text);
}

type Texts = readonly (readonly [recordKey: string, text: string])[];

interface EarlierSpill {
  readonly base: { readonly revision: number; readonly writeId: string };
  readonly id?: string;
  readonly follows?: readonly string[];
  /** Written by an attempt of unknown outcome. */
  readonly attempted?: Texts;
  readonly newer: Texts;
}

function earlierSpill({ base, id = 'spill-1', follows = [], attempted, newer }: EarlierSpill): void {
  const batchOf = (upserts: Texts): unknown => ({ upserts, deletes: [] });
  const attempt = { writeId: `${id}-attempt`, expected: base, batch: batchOf(attempted ?? []) };
  const body = Buffer.from(
    `${JSON.stringify({
      id,
      accountId: ACCOUNT,
      writerId: 'earlier',
      fenced: false,
      createdAtMs: 1_700_000_000_000,
      base,
      follows,
      attempts: attempted === undefined ? [] : [attempt],
      newer: batchOf(newer),
      refused: [],
      replayWriteId: `${id}-replay`,
      records: [...(attempted ?? []), ...newer],
    })}\n`,
  );
  const digest = createHash('sha256').update(body).digest('hex');
  const name = `${accountFileName(ACCOUNT)}.001700000000000.${id}.spill`;
  writeFileSync(join(directory, name), `accountkeeper-spill 1 sha256:${digest} ${body.length}\n${body}`);
}

/** Records of these symbols, as version 0.1.0 writes them. */
function textsOf(values: Readonly<Record<string, number>>): Texts {
  return Object.entries(values).map(([symbol, n]) => [`metadata/${symbol}`, `1;json;{"n":${n}}`]);
}

function kept(backend: MemoryBackend): OpenStore<Meta> {
  return createStore<Meta>({ backend, highWater: { directory }, spill: { directory } });
}

describe('an account of an earlier version', () => {
  it('is taken over with its head, its spill and its high-water file, which is replaced', async () => {
    const backend = new MemoryBackend();
    const head = await earlierCommit(backend, 1, JSON.stringify({ replayed: ['spill-0'] }));
    earlierHighWater(head);
    earlierSpill({ base: head, newer: textsOf({ A: 2 }) });
    const { store } = kept(backend);
    const result = await store.restore();
    expect(result.spills?.replayed).toHaveLength(1);
    expect(store.getSymbolMetadata('A')).toEqual({ n: 2 });
    await store.close();
    const meta = parseHeadMeta((await new MemoryDriver({ backend }).head(ACCOUNT))?.meta ?? '');
    expect(meta.replayed).toEqual(['spill-0', 'spill-1']);
    expect(readdirSync(directory)).toEqual([`${accountFileName(ACCOUNT)}.${meta.lineage}.high-water`]);
  });

  it('gets the whole chain of its spills, also when the first restore ends between two commits', async () => {
    const backend = new MemoryBackend();
    const base = await earlierCommit(backend, 1);
    earlierSpill({ base, attempted: textsOf({ A: 2, B: 2 }), newer: textsOf({ C: 2 }) });
    earlierSpill({ base, id: 'spill-2', follows: ['spill-1'], newer: textsOf({ B: 3, D: 3, E: 3 }) });
    const small = (): ScriptedDriver => {
      return new ScriptedDriver(new SmallDriver(backend, { batchRecords: 4 }), new FakeClock());
    };
    const crashing = small();
    crashing.faults.push(undefined, { error: new AccountKeeperError('CONFIG', 'scripted: gone') });
    const crashed = createStore<Meta>({ backend, driver: crashing, spill: { directory } });
    expect((await rejection(crashed.store.restore())).code).toBe('CONFIG');
    expect((await rejection(createStore<Meta>({ backend }).store.restore())).code).toBe('CORRUPT');
    const next = createStore<Meta>({ backend, driver: small(), spill: { directory } });
    expect((await next.store.restore()).spills).toMatchObject({ replayed: { length: 2 }, conflicting: [] });
    const expected = { A: 2, B: 3, C: 2, D: 3, E: 3 };
    expect(Object.entries(await next.stored())).toEqual(
      Object.entries(expected).map(([symbol, n]) => [`metadata/${symbol}`, `{"n":${n}}`]),
    );
    expect(next.store.getSymbolsWithMetadata().sort()).toEqual(Object.keys(expected));
    expect(readdirSync(directory)).toEqual([]);
  });

  it('is not taken for another one when an earlier version has written it in between', async () => {
    const backend = new MemoryBackend();
    const first = kept(backend);
    await first.store.restore();
    first.store.setSymbolMetadata('A', { n: 1 });
    await first.store.close();
    const { lineage } = parseHeadMeta((await new MemoryDriver({ backend }).head(ACCOUNT))?.meta ?? '');
    await earlierCommit(backend, 2);
    const { store } = kept(backend);
    await store.restore();
    expect(store.getSymbolMetadata('A')).toEqual({ n: 2 });
    const after = parseHeadMeta((await new MemoryDriver({ backend }).head(ACCOUNT))?.meta ?? '');
    expect(after.lineage).toBe(lineage);
  });

  it('is still known by its high-water file when the backend comes back empty', async () => {
    const head = await earlierCommit(new MemoryBackend(), 1);
    earlierHighWater(head);
    expect((await rejection(kept(new MemoryBackend()).store.restore())).code).toBe('ROLLED_BACK');
  });
});
