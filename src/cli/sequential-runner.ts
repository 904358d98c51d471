import type { ContractRunner } from '../../test/contract/index.js';

/** A test of a suite, in its place. */
export interface CollectedTest {
  readonly name: string;
  /** `undefined` when the test is skipped. */
  readonly run: (() => Promise<void>) | undefined;
}

/** Collects the tests of a suite, to be run one after the other. */
export class SequentialRunner implements ContractRunner {
  readonly it: ContractRunner['it'];
  readonly #tests: CollectedTest[] = [];

  constructor() {
    const register = (name: string, run: () => Promise<void>): void => void this.#tests.push({ name, run });
    const skip = (name: string): void => void this.#tests.push({ name, run: undefined });
    this.it = Object.assign(register, { skip });
  }

  readonly describe = (_name: string, register: () => void): void => register();

  /** In the order of their registration. */
  get tests(): readonly CollectedTest[] {
    return this.#tests;
  }
}
