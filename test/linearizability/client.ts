import type { OperationOptions, PersistenceDriver } from '../../src/core/persistence-driver.js';
import type { AccountInput, ExpectedHead, WriteInput } from './checker/account-specification.js';
import type { Recorder, Result } from './recorder.js';

/**
 * What a client can do: read, write on top of the head that it saw last (one record, or one record and the deletion of
 * another one), drop on top of that head, or repeat its last write, whatever became of that.
 */
export const STEPS = ['load', 'head', 'upsert', 'replace', 'repeat', 'drop'] as const;

/** One of {@link STEPS}. */
export type Step = (typeof STEPS)[number];

/** What a client is made of. */
export interface ClientParts {
  /** Also its writerId, and what its writeIds and values begin with. */
  readonly name: string;
  readonly driver: PersistenceDriver;
  readonly recorder: Recorder;
}

/** Somebody with a driver, who does one thing after the other to an account. */
export class Client {
  readonly #name: string;
  readonly #driver: PersistenceDriver;
  readonly #recorder: Recorder;
  #seen: ExpectedHead;
  #lastWrite: WriteInput | undefined;
  #writes = 0;

  constructor({ name, driver, recorder }: ClientParts) {
    this.#name = name;
    this.#driver = driver;
    this.#recorder = recorder;
  }

  /** Takes note of a head that somebody else has told it. */
  see(head: ExpectedHead): void {
    this.#seen = head === undefined ? undefined : { revision: head.revision, writeId: head.writeId };
  }

  /** Without a write before it, `repeat` is a `load`. */
  async do(step: Step, options: OperationOptions = {}): Promise<Result> {
    const input = this.#input(step);
    if (input.kind === 'commit' || input.kind === 'drop') this.#lastWrite = input;
    const result = await this.#recorder.run(this.#name, this.#driver, input, options);
    if (result.kind === 'answered') {
      const { output } = result;
      if (output.kind === 'head') this.see(output.head);
      else if (output.kind === 'load') this.see(output.stored?.head);
    }
    return result;
  }

  #input(step: Step): AccountInput {
    switch (step) {
      case 'load':
      case 'head':
        return { kind: step };
      case 'repeat':
        return this.#lastWrite ?? { kind: 'load' };
      case 'drop':
        return this.#write('drop', {});
      case 'upsert':
        return this.#write('commit', { set: 'a' });
      case 'replace':
        return this.#write('commit', { set: 'b', deleted: 'a' });
    }
  }

  /** Each value is unique, so that a read tells whose write it saw. */
  #write(kind: WriteInput['kind'], { set, deleted }: { readonly set?: string; readonly deleted?: string }): WriteInput {
    this.#writes += 1;
    const writeId = `${this.#name}${this.#writes}`;
    return {
      kind,
      expected: this.#seen,
      writerId: this.#name,
      writeId,
      meta: kind === 'drop' ? '' : `meta of ${writeId}`,
      upserts: set === undefined ? {} : { [set]: writeId },
      deletes: deleted === undefined ? [] : [deleted],
    };
  }
}
