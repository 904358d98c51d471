import type { MessageOutcome } from '../../../src/exchanges/shared/outcome.js';

/** Notes what became of messages, for those who wait for one, and for those who want to know what was not understood. */
export class OutcomeLog {
  readonly complaints: string[] = [];
  readonly #listeners = new Set<() => void>();

  note(outcome: MessageOutcome, message: unknown): void {
    const isUnderstood = outcome.kind !== 'unknown' && !(outcome.kind === 'applied' && outcome.faults.length > 0);
    if (!isUnderstood) this.complaints.push(`${JSON.stringify(outcome)} of ${JSON.stringify(message)}`);
    for (const listener of this.#listeners) listener();
  }

  /** Calls the listener whenever a message was applied. */
  listen(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}
