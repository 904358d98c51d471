import type { AccountHead } from '../../../../src/core/persistence-driver.js';
import { CommitsInGroups, type GroupedCommit, headAfter } from './commits-in-groups.js';

/** Acknowledges the last commit of a group with the others, and does not write it. */
export class LeavesOneOut extends CommitsInGroups {
  protected override sendGroup(group: readonly GroupedCommit[]): readonly Promise<AccountHead>[] {
    const answers = group.slice(0, -1).map((commit) => this.sendOne(commit));
    const all = Promise.allSettled(answers);
    return [...answers, ...group.slice(-1).map((commit) => all.then(() => headAfter(commit)))];
  }
}
