import { describe, expect, it } from 'vitest';
import { LocalFiles } from '../../../src/core/local-files/local-files.js';
import type { AccountHead, PersistenceDriver } from '../../../src/core/persistence-driver.js';
import { MemoryDriver } from '../../../src/drivers/memory/driver.js';
import { FakeClock } from '../../support/fake-clock.js';

function filesOf(driver: PersistenceDriver, accountId = 'a'): LocalFiles {
  const settings = { accountId, driver, clock: new FakeClock(), createId: () => 'id' };
  return new LocalFiles(settings, { emit: () => undefined });
}

function headAt(revision: number): AccountHead {
  return { revision, writerId: 'w', writeId: `w${revision}`, meta: '', dropped: false };
}

describe('the heads that a process saw acknowledged', () => {
  it('are the newest of each lineage of the account', () => {
    const driver = new MemoryDriver();
    const [first, second] = [filesOf(driver), filesOf(driver)];
    first.track('one', headAt(1));
    second.track('two', headAt(5));
    first.note(headAt(2));
    second.note(headAt(6));
    const known = filesOf(driver)
      .read()
      .known.map(({ lineage, revision, writeId }) => [lineage, revision, writeId]);
    expect(new Map(known.map(([lineage, ...head]) => [lineage, head]))).toEqual(
      new Map([
        ['one', [2, 'w2']],
        ['two', [6, 'w6']],
      ]),
    );
    expect(known).toHaveLength(2);
  });

  it('are those of the lineage that goes on after a store was closed and another one opened', () => {
    const driver = new MemoryDriver();
    filesOf(driver).track('one', headAt(1));
    filesOf(driver).track('one', headAt(3));
    expect(filesOf(driver).read().known).toEqual([expect.objectContaining({ lineage: 'one', revision: 3 })]);
  });

  it('are neither those of another account nor of another driver', () => {
    const driver = new MemoryDriver();
    filesOf(driver).track('one', headAt(1));
    expect(filesOf(driver, 'b').read().known).toEqual([]);
    expect(filesOf(new MemoryDriver()).read().known).toEqual([]);
  });
});
