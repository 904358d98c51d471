import { setImmediate as nextTurn } from 'node:timers/promises';
import type { AccountHead } from '../../../../src/core/persistence-driver.js';
import { hasCode } from '../errors.js';
import { CommitsInGroups, type GroupedCommit, headAfter } from './commits-in-groups.js';

/** Writes the second half of a group a while after the first one, and acknowledges it also when the backend is gone by then. */
export class HalfDurable extends CommitsInGroups {
  protected override sendGroup(group: readonly GroupedCommit[]): readonly Promise<AccountHead>[] {
    const half = Math.ceil(group.length / 2);
    return group.map((commit, index) => (index < half ? this.sendOne(commit) : this.#sendLater(commit)));
  }

  async #sendLater(commit: GroupedCommit): Promise<AccountHead> {
    await nextTurn();
    await nextTurn();
    try {
      return await this.sendOne(commit);
    } catch (error) {
      if (hasCode(error, 'UNAVAILABLE')) return headAfter(commit);
      throw error;
    }
  }
}
