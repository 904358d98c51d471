import type { AccountHead } from '../../../../src/core/persistence-driver.js';
import { CommitsInGroups, type GroupedCommit } from './commits-in-groups.js';

/** Rejects all commits of a group when one of them fails. */
export class FailsTogether extends CommitsInGroups {
  protected override sendGroup(group: readonly GroupedCommit[]): readonly Promise<AccountHead>[] {
    const answers = group.map((commit) => this.sendOne(commit));
    const all = Promise.all(answers);
    return answers.map((answer) => all.then(() => answer));
  }
}
