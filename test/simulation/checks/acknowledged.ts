import type { AppliedCommit } from '../backend.js';
import { payloadOf } from '../ledger.js';
import { must } from '../violation.js';

interface Change {
  readonly payload: string | undefined;
  /** Among all changes of the history. */
  readonly order: number;
}

/** Remembers every change that any bot made, and those that were acknowledged, whoever owns the account in the end. */
export class Acknowledged {
  readonly #changes = new Map<string, Change[]>();
  readonly #acknowledged = new Map<string, number>();
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
  acknowledge(recordKey: string, payload: string | undefined, upTo: number): void {
    const made = this.#changes.get(recordKey)?.findLast((each) => each.order <= upTo && each.payload === payload);
    if (made === undefined) return;
    this.#acknowledged.set(recordKey, Math.max(this.#acknowledged.get(recordKey) ?? 0, made.order));
  }

  /** At the end: what is stored is the newest that was acknowledged, or something newer. */
  check(last: AppliedCommit | undefined): void {
    for (const [recordKey, from] of this.#acknowledged) {
      const text = last?.after.get(recordKey);
      const payload = text === undefined ? undefined : payloadOf(text);
      const isKept = (this.#changes.get(recordKey) ?? []).some(
        (each) => each.order >= from && each.payload === payload,
      );
      must(isKept, 'what was acknowledged survives', () => `${recordKey} = ${payload}, older than change ${from}`);
    }
  }
}
