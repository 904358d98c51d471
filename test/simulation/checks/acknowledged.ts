import { payloadOf } from '../ledger.js';
import { must } from '../violation.js';
import { type AppliedCommit, withAncestors } from '../world/applied-commit.js';

interface Change {
  readonly payload: string | undefined;
  /** Among all changes of the history. */
  readonly order: number;
}

interface Acknowledgement {
  readonly order: number;
  /** The newest commit that the store knew of. */
  readonly commit: AppliedCommit;
}

/** Remembers every change that any bot made, and those that were acknowledged, whoever owns the account in the end. */
export class Acknowledged {
  readonly #changes = new Map<string, Change[]>();
  readonly #acknowledged = new Map<string, Acknowledgement[]>();
  #order = 0;

  changed(recordKey: string, payload: string | undefined): void {
    this.#order += 1;
    const changes = this.#changes.get(recordKey) ?? [];
    changes.push({ payload, order: this.#order });
    this.#changes.set(recordKey, changes);
  }

  /** The number of the newest change so far. */
  get newest(): number {
    return this.#order;
  }

  /** What was in a store's memory at a `flush()`, taken at the change of this number, is acknowledged. */
  acknowledge(recordKey: string, payload: string | undefined, upTo: number, commit: AppliedCommit): void {
    const made = this.#changes.get(recordKey)?.findLast((each) => each.order <= upTo && each.payload === payload);
    if (made === undefined) return;
    const before = this.#acknowledged.get(recordKey) ?? [];
    this.#acknowledged.set(recordKey, [...before, { order: made.order, commit }]);
  }

  /** What was acknowledged of a record before is in no file that somebody wants to keep. */
  forget(recordKey: string): void {
    this.#acknowledged.delete(recordKey);
  }

  /**
   * At the end: what is stored is the newest that was acknowledged, or something newer. A backend that was rolled back
   * has lost what nobody knew of who has written since; what anybody knew of has to be there.
   */
  check(stored: AppliedCommit | undefined): void {
    const included = withAncestors(stored);
    for (const [recordKey, all] of this.#acknowledged) {
      const from = Math.max(0, ...all.filter(({ commit }) => included.has(commit)).map(({ order }) => order));
      if (from === 0) continue;
      const text = stored?.after.get(recordKey);
      const payload = text === undefined ? undefined : payloadOf(text);
      const isKept = (this.#changes.get(recordKey) ?? []).some(
        (each) => each.order >= from && each.payload === payload,
      );
      must(isKept, 'what was acknowledged survives', () => `${recordKey} = ${payload}, older than change ${from}`);
    }
  }
}
