import type { AccountHead } from '../../../../src/core/persistence-driver.js';
import { CommitsInGroups, type GroupedCommit } from './commits-in-groups.js';

/** Gives the whole of a group the shortest deadline in it, and every signal. */
export class EndsTogether extends CommitsInGroups {
  protected override sendGroup(group: readonly GroupedCommit[]): readonly Promise<AccountHead>[] {
    const deadlines = group.map(({ options }) => options.timeoutMs).filter((timeoutMs) => timeoutMs !== undefined);
    const signals = group.map(({ options }) => options.signal).filter((signal) => signal !== undefined);
    const limits = {
      ...(deadlines.length > 0 && { timeoutMs: Math.min(...deadlines) }),
      ...(signals.length > 0 && { signal: AbortSignal.any(signals) }),
    };
    return group.map((commit) => this.sendOne({ ...commit, options: { ...commit.options, ...limits } }));
  }
}
