import type { ContractFaults } from '../../contract/index.js';

/** What everything to a backend passes through: while it is closed, nothing does; afterwards, all of it in order. */
export class Gate {
  #opened: Promise<void> | undefined;
  #open: (() => void) | undefined;

  /** Lets nothing through until `open`. */
  close(): void {
    this.#opened ??= new Promise((resolve) => {
      this.#open = resolve;
    });
  }

  /** Lets through what waits, and all that comes. */
  open(): void {
    this.#open?.();
    this.#opened = undefined;
  }

  /** Resolves when the gate is open. */
  async passed(): Promise<void> {
    while (this.#opened !== undefined) await this.#opened;
  }
}

/** A backend that is paused by closing the gate before it. */
export function pauseFaults(gate: Gate): Required<Pick<ContractFaults, 'pause' | 'resume'>> {
  return { pause: async () => gate.close(), resume: async () => gate.open() };
}
