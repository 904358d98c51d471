import type { AccountHead } from '../../../../src/core/persistence-driver.js';
import type { AccountWriter } from '../../account-writer.js';
import type { Clause } from '../../clause.js';
import { expectEqual, expectHead } from '../../expectations.js';

/** A byte more than 64 KiB, where a driver takes values of that size. */
const LONG_META = 65_537;

const ownFields: Clause = {
  id: 'CC9',
  group: 'conditional commit',
  title: 'each commit stores its own writerId, writeId and meta: a long one whole, and an empty one in place of it',
  needs: [],
  async run(scope) {
    const [driver, other] = [await scope.open(), await scope.open()];
    const id = scope.unique('account');
    const longest = Math.min(LONG_META, driver.limits.valueBytes);
    const metas = ['m', '', 'x'.repeat(Math.min(longest, 256)), '', undefined, 'y'.repeat(longest), ''];
    const wide = '€'.repeat(Math.floor(longest / 3));
    const stores = async (what: string, { writerId }: AccountWriter, meta: string, change: Promise<AccountHead>) => {
      const head = await change;
      for (const reader of [other, driver]) {
        const stored = await reader.head(id);
        expectEqual(`meta of ${what}`, stored?.meta, meta);
        expectEqual(`writerId of ${what}`, stored?.writerId, writerId);
        expectHead(`the head of ${what}`, stored, head);
        expectHead(`the head that is loaded after ${what}`, (await reader.load(id))?.head, head);
      }
    };
    for (const [index, meta] of [...metas, wide, undefined].entries()) {
      // Two writers take the account from each other.
      const writer = scope.writer(index % 3 === 2 ? other : driver, id);
      await writer.refresh();
      const options = writer.options(meta === undefined ? {} : { meta });
      const commit = writer.commit({ key: `${index}` }, [], options);
      const what = `a commit with a meta of ${(meta ?? '').length} characters`;
      await stores(what, writer, meta ?? '', commit);
      expectEqual(`writeId of ${what}`, writer.head?.writeId, options.writeId);
    }
    const writer = scope.writer(other, id);
    await writer.refresh();
    await stores('a drop', writer, wide, writer.drop({ meta: wide }));
    await stores('a drop without a meta', writer, '', writer.drop());
  },
};

/** Conditional commit, continued: what a commit leaves in the head. */
export const headFieldClauses: readonly Clause[] = [ownFields];
