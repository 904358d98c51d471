import type { Operation } from './operation.js';
import { orAborted } from './or-aborted.js';

type Mode = 'shared' | 'exclusive';

/** The promises that the next one in the queue of a name waits for. */
interface Queue {
  /** Settles with the last of those who hold the name alone. */
  readonly alone: Promise<unknown>;
  /** Settles when all have let go. */
  readonly all: Promise<unknown>;
}

const FREE: Queue = { alone: Promise.resolve(), all: Promise.resolve() };

/** A lock for each name, taken in the order of the calls. */
export class AccountLocks {
  readonly #queues = new Map<string, Queue>();

  /** Together with others who share it; until the work has settled, or nobody waits for it any more. */
  shared<T>(name: string, operation: Operation, work: () => Promise<T>): Promise<T> {
    return this.#hold(name, 'shared', operation, () => untilAborted(operation, work));
  }

  /** Alone; until the work has settled, or nobody waits for it any more. */
  inTurn<T>(name: string, operation: Operation, work: () => Promise<T>): Promise<T> {
    return this.#hold(name, 'exclusive', operation, () => untilAborted(operation, work));
  }

  /** Alone; until the work has settled, even if nobody waits for that: what was sent may still land. */
  exclusive<T>(name: string, operation: Operation, work: () => Promise<T>): Promise<T> {
    return this.#hold(name, 'exclusive', operation, work);
  }

  #hold<T>(name: string, mode: Mode, operation: Operation, work: () => Promise<T>): Promise<T> {
    if (operation.signal.aborted) return Promise.reject(operation.signal.reason);
    const before = this.#queues.get(name) ?? FREE;
    const turn = mode === 'shared' ? before.alone : before.all;
    const result = (before === FREE ? turn : untilAborted(operation, () => turn)).then(work);
    // One who gave up while waiting still stands between those before and those behind.
    const left = Promise.allSettled([turn, result]);
    const all = Promise.all([before.all, left]).then(() => {
      if (this.#queues.get(name) === queue) this.#queues.delete(name);
    });
    const queue = { alone: mode === 'shared' ? before.alone : left, all };
    this.#queues.set(name, queue);
    return result;
  }
}

/** The result of the work, or a rejection as soon as nobody waits for it any more. */
export function untilAborted<T>(operation: Operation, work: () => Promise<T>): Promise<T> {
  operation.assertActive();
  return orAborted(work(), operation.signal);
}
