/** The state of an account as the model sees it: symbol to value. */
export type Snapshot = ReadonlyMap<string, number>;

/**
 * What must be true of a store, told without looking at it: every change is a numbered step, and carries its number
 * into the account metadata, in one transaction. What a restart finds must then be exactly the state after one step,
 * and no earlier one than the last that was acknowledged.
 */
export class AccountModel {
  /** The state after each step. */
  readonly history: Snapshot[] = [new Map()];
  /** The last step that the backend acknowledged. */
  acknowledged = 0;
  phase: 'crashed' | 'open' | 'closed' = 'crashed';
  /** The value of the symbol `BAD` cannot be encoded now. */
  hasUnwritable = false;

  get step(): number {
    return this.history.length - 1;
  }

  get now(): Snapshot {
    return this.history.at(-1) ?? new Map();
  }

  change(symbol: string, value: number | undefined): void {
    const next = new Map(this.now);
    if (value === undefined) next.delete(symbol);
    else next.set(symbol, value);
    this.history.push(next);
  }

  acknowledge(step: number): void {
    this.acknowledged = Math.max(this.acknowledged, step);
  }

  /** A restart found this step: the later ones are gone, which is right as long as none was acknowledged. */
  restartFrom(step: number): void {
    if (step < this.acknowledged) {
      throw new Error(`step ${this.acknowledged} was acknowledged, and the restart found step ${step}`);
    }
    if (step > this.step) throw new Error(`the restart found step ${step}, which never was`);
    this.history.length = step + 1;
    this.acknowledged = step;
    this.hasUnwritable = false;
  }
}
