import type { AccountHead } from '../../../../src/core/persistence-driver.js';
import { hasCode } from '../errors.js';
import { CommitsInGroups, type GroupedCommit } from './commits-in-groups.js';

/** Mixes up the answers of two accounts when there is a conflict in a group. */
export class AnswersAnotherAccount extends CommitsInGroups {
  protected override sendGroup(group: readonly GroupedCommit[]): readonly Promise<AccountHead>[] {
    const answers = group.map((commit) => this.sendOne(commit));
    const mixedUp = Promise.allSettled(answers).then((results) => {
      const conflict = results.findIndex(
        (result) => result.status === 'rejected' && hasCode(result.reason, 'CONFLICT'),
      );
      const other = (conflict + 1) % results.length;
      if (conflict < 0) return answers;
      return answers.map((answer, index) => {
        if (index === conflict) return answers[other] ?? answer;
        return index === other ? (answers[conflict] ?? answer) : answer;
      });
    });
    return answers.map(async (answer, index) => (await mixedUp)[index] ?? answer);
  }
}
