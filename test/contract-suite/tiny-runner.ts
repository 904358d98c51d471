import type { ContractRunner } from '../contract/index.js';

/** What became of one test. */
export interface TinyResult {
  readonly name: string;
  readonly status: 'passed' | 'failed' | 'skipped';
  readonly error?: Error;
}

interface Registered {
  readonly name: string;
  readonly run: (() => Promise<void>) | undefined;
}

/** A test runner of a few lines, of the shape that Jest, vitest, mocha and node:test share. */
export class TinyRunner implements ContractRunner {
  readonly it: ContractRunner['it'];
  readonly #tests: Registered[] = [];
  readonly #groups: string[] = [];
  readonly #path: string[] = [];

  constructor() {
    const register = (name: string, run: () => Promise<void>): void => void this.#tests.push({ name, run });
    const skip = (name: string): void => void this.#tests.push({ name, run: undefined });
    this.it = Object.assign(register, { skip });
  }

  /** The groups, as paths. */
  get groups(): readonly string[] {
    return this.#groups;
  }

  readonly describe = (name: string, register: () => void): void => {
    this.#path.push(name);
    this.#groups.push(this.#path.join(' > '));
    register();
    this.#path.pop();
  };

  /** Runs the tests one after the other. */
  async run(): Promise<readonly TinyResult[]> {
    const results: TinyResult[] = [];
    for (const { name, run } of this.#tests) {
      if (run === undefined) {
        results.push({ name, status: 'skipped' });
        continue;
      }
      try {
        await run();
        results.push({ name, status: 'passed' });
      } catch (error) {
        results.push({ name, status: 'failed', error: error as Error });
      }
    }
    return results;
  }
}
