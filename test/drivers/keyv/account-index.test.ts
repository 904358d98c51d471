import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { escapeKey } from '../../../src/drivers/base/key-escape.js';
import { KeyLayout } from '../../../src/drivers/base/key-layout.js';
import {
  changedPages,
  decodePage,
  decodeRoot,
  encodeRoot,
  pageKey,
  pagesByLevel,
  walkIndex,
} from '../../../src/drivers/keyv/account-index.js';

const account = new KeyLayout().account('a');
const rootKey = pageKey(account, '');

/** An index in a map, changed and read as a store would be. */
class StoredIndex {
  readonly texts = new Map<string, string>([
    [rootKey, encodeRoot({ headStored: true, page: { kind: 'leaf', records: [] } })],
  ]);
  reads = 0;

  readonly #read = async (keys: readonly string[]): Promise<readonly (string | undefined)[]> => {
    this.reads += 1;
    return keys.map((key) => this.texts.get(key));
  };

  async change(added: readonly string[], removed: readonly string[], pageBytes: number): Promise<void> {
    const { page } = decodeRoot(rootKey, this.texts.get(rootKey) ?? '');
    const { leaves } = await walkIndex(account, page, [...added, ...removed], this.#read);
    const pages = changedPages(leaves, (name) => added.includes(name), pageBytes);
    for (const level of pagesByLevel(account, pages, true)) {
      for (const { key, text } of level) this.texts.set(key, text);
    }
  }

  async names(): Promise<readonly string[]> {
    const { page } = decodeRoot(rootKey, this.texts.get(rootKey) ?? '');
    const { leaves } = await walkIndex(account, page, undefined, this.#read);
    return leaves.flatMap(({ records }) => records).sort();
  }
}

describe('the index of an account', () => {
  it('holds what was added and not removed, in pages of any size', async () => {
    const name = fc.string({ minLength: 1, maxLength: 6 }).map(escapeKey);
    const step = fc.record({ added: fc.uniqueArray(name), removed: fc.uniqueArray(name) });
    await fc.assert(
      fc.asyncProperty(fc.array(step), fc.integer({ min: 64, max: 400 }), async (steps, pageBytes) => {
        const index = new StoredIndex();
        const model = new Set<string>();
        for (const { added, removed } of steps) {
          const gone = removed.filter((each) => !added.includes(each));
          await index.change(added, gone, pageBytes);
          for (const each of added) model.add(each);
          for (const each of gone) model.delete(each);
          expect(await index.names()).toEqual([...model].sort());
        }
      }),
    );
  });

  it('keeps its pages within their size, and reads a level at a time', async () => {
    const index = new StoredIndex();
    const names = Array.from({ length: 10_000 }, (_, number) => `metadata/S${number}`);
    await index.change(names, [], 8192);
    for (const text of index.texts.values()) expect(text.length).toBeLessThan(8192 + 64);
    index.reads = 0;
    expect(await index.names()).toEqual([...names].sort());
    expect(index.reads).toBeLessThanOrEqual(3);
    const before = new Map(index.texts);
    await index.change(['metadata/S10000'], [], 8192);
    const changed = [...index.texts].filter(([key, text]) => before.get(key) !== text);
    expect(changed).toHaveLength(1);
  });

  it('uses keys that stand for no record', () => {
    for (const path of ['', '0', 'abcdef01']) expect(new KeyLayout().parse(pageKey(account, path))).toBeUndefined();
  });

  it('is CORRUPT when a page is missing or is something else', async () => {
    const index = new StoredIndex();
    await index.change(
      Array.from({ length: 100 }, (_, number) => `name-${number}`),
      [],
      300,
    );
    const leaf = [...index.texts.keys()].find((key) => key !== rootKey) ?? '';
    const good = index.texts.get(leaf) ?? '';
    for (const bad of [
      undefined,
      '',
      '{}',
      '{"value":1}',
      '{"value":"{}"}',
      '{"value":"{\\"records\\":[\\"A b\\"]}"}',
    ]) {
      if (bad === undefined) index.texts.delete(leaf);
      else index.texts.set(leaf, bad);
      await expect(index.names()).rejects.toMatchObject({ code: 'CORRUPT', cause: { key: leaf, raw: bad ?? '' } });
    }
    index.texts.set(leaf, good);
    expect(await index.names()).toHaveLength(100);
    expect(() => decodeRoot(rootKey, good)).toThrow(expect.objectContaining({ code: 'CORRUPT' }));
    const root = index.texts.get(rootKey);
    expect(() => decodePage(rootKey, root)).toThrow(expect.objectContaining({ code: 'CORRUPT' }));
  });
});
