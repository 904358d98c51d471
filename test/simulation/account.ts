import type { AppliedCommit, SimulatedBackend } from './backend.js';
import { Acknowledged } from './checks/acknowledged.js';
import { checkQuarantined } from './checks/quarantined.js';
import { checkReplays } from './checks/replays.js';
import { checkSpills, type TrackedSpill } from './checks/spills.js';
import { Litter } from './litter.js';

/** One account, and what became of it so far. */
export class Account {
  readonly id: string;
  readonly spills: TrackedSpill[] = [];
  readonly acknowledged = new Acknowledged();
  readonly litter = new Litter();
  /** How many commits had been applied when a record was damaged. */
  damagedAt: number | undefined;
  readonly #backend: SimulatedBackend;

  constructor(id: string, backend: SimulatedBackend) {
    this.id = id;
    this.#backend = backend;
  }

  /** The commits that were applied to it, in order. */
  get applied(): readonly AppliedCommit[] {
    return this.#backend.applied.get(this.id) ?? [];
  }

  /** What is stored now; 0 when it was never written. */
  get revision(): number {
    return this.#backend.head(this.id)?.revision ?? 0;
  }

  get records(): ReadonlyMap<string, string> {
    return this.#backend.records(this.id);
  }

  damage(): void {
    this.damagedAt = this.applied.length;
    this.#backend.damage(this.id);
  }

  /** What holds at every moment. */
  check(): void {
    checkSpills(this.spills, this.applied);
  }

  /** What holds of the whole history, once it is over. */
  checkHistory(wasRolledBack: boolean): void {
    this.litter.requireKept();
    if (wasRolledBack) return;
    checkReplays(this.applied, this.spills);
    this.acknowledged.check(this.applied.at(-1));
    if (this.damagedAt !== undefined) checkQuarantined(this.applied, this.damagedAt);
  }
}
