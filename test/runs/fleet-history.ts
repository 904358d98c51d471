import type { AccountView } from './harness/protocol.js';
import { shows, stateAfter } from './harness/workload.js';

/** One ownership of an account. */
interface Tenure {
  readonly by: string;
  /** The step that it found: those after it, up to where the next one begins, are its own. */
  readonly from: number;
  acknowledged: number;
}

/**
 * Who owned which of many accounts from which step on, and what each of them had acknowledged. Acknowledgements may
 * be reported after the next owner has begun: they were given before, or two writers were acknowledged.
 */
export class FleetHistory {
  readonly findings: string[] = [];
  readonly #tenures = new Map<number, Tenure[]>();
  #acknowledged = 0;
  #tenureCount = 0;

  /** How many steps were acknowledged. */
  get acknowledged(): number {
    return this.#acknowledged;
  }

  /** How often an account was taken over from a former owner. */
  get takeOvers(): number {
    return this.#tenureCount - this.#tenures.size;
  }

  /** An owner has found this step. */
  owned(account: number, by: string, from: number): void {
    const tenures = this.#tenures.get(account) ?? [];
    this.#tenures.set(account, tenures);
    this.#tenureCount += 1;
    const before = tenures.at(-1)?.from ?? 0;
    if (from < before) this.#find(account, `lost: ${by} restored step ${from}, an owner before it had found ${before}`);
    tenures.push({ by, from, acknowledged: from });
    for (const former of tenures.slice(0, -1)) this.#check(account, former);
  }

  /** The store of this owner has acknowledged this step. */
  acknowledges(account: number, by: string, step: number): void {
    const tenure = this.#tenures.get(account)?.findLast((each) => each.by === by);
    if (tenure === undefined) {
      this.#find(account, `${by} writes, and has not said that it owns it`);
      return;
    }
    this.#acknowledged += 1;
    tenure.acknowledged = Math.max(tenure.acknowledged, step);
    this.#check(account, tenure);
  }

  /** What is stored at the end. */
  stored(account: number, view: AccountView): void {
    const tenures = this.#tenures.get(account) ?? [];
    const step = view.last?.step ?? 0;
    const acknowledged = Math.max(0, ...tenures.map((tenure) => tenure.acknowledged));
    if (step < acknowledged) this.#find(account, `lost: step ${acknowledged} was acknowledged, stored is ${step}`);
    if (!shows(view, stateAfter(step, account))) this.#find(account, `torn: what is stored is not step ${step}`);
    const entries = [...view.symbols.map(([, entry]) => entry), ...(view.last === undefined ? [] : [view.last])];
    for (const entry of entries) {
      const author = tenures.findLast(({ from }) => from < entry.step)?.by;
      if (author !== entry.by)
        this.#find(account, `two writers: step ${entry.step} is by ${entry.by}, not by ${author}`);
    }
  }

  #check(account: number, tenure: Tenure): void {
    const tenures = this.#tenures.get(account) ?? [];
    const next = tenures[tenures.indexOf(tenure) + 1];
    if (next === undefined || tenure.acknowledged <= next.from) return;
    const { acknowledged, by } = tenure;
    this.#find(account, `lost: ${by} had step ${acknowledged} acknowledged, ${next.by} restored step ${next.from}`);
  }

  #find(account: number, what: string): void {
    this.findings.push(`account ${account}: ${what}`);
  }
}
