import type { Operation } from './operation.js';
import { orAborted } from './or-aborted.js';

type Mode = 'shared' | 'exclusive';

/**
 * A lock for each name. Those who read hold it together and let go of it when nobody waits for them any more; one who
 * writes holds it alone, until the work has settled, even if nobody waits for that: what was sent may still land.
 */
export class AccountLocks {
  readonly #locks = new Map<string, Lock>();

  shared<T>(name: string, operation: Operation, work: () => Promise<T>): Promise<T> {
    return this.#hold(name, 'shared', operation, () => untilAborted(operation, work));
  }

  exclusive<T>(name: string, operation: Operation, work: () => Promise<T>): Promise<T> {
    return this.#hold(name, 'exclusive', operation, work);
  }

  async #hold<T>(name: string, mode: Mode, operation: Operation, work: () => Promise<T>): Promise<T> {
    const lock = this.#locks.get(name) ?? new Lock();
    this.#locks.set(name, lock);
    await lock.enter(mode, operation);
    try {
      return await work();
    } finally {
      lock.leave();
      if (lock.isFree) this.#locks.delete(name);
    }
  }
}

class Lock {
  readonly #waiting: { readonly mode: Mode; readonly admit: () => void }[] = [];
  #mode: Mode = 'shared';
  #holders = 0;

  get isFree(): boolean {
    return this.#holders === 0 && this.#waiting.length === 0;
  }

  async enter(mode: Mode, operation: Operation): Promise<void> {
    operation.assertActive();
    if (this.#waiting.length === 0 && this.#admits(mode)) {
      this.#take(mode);
      return;
    }
    const { signal } = operation;
    await new Promise<void>((resolve, reject) => {
      const waiter = {
        mode,
        admit: (): void => {
          signal.removeEventListener('abort', giveUp);
          resolve();
        },
      };
      const giveUp = (): void => {
        this.#waiting.splice(this.#waiting.indexOf(waiter), 1);
        reject(signal.reason);
        this.#admitNext();
      };
      this.#waiting.push(waiter);
      signal.addEventListener('abort', giveUp, { once: true });
    });
  }

  leave(): void {
    this.#holders -= 1;
    this.#admitNext();
  }

  #admits(mode: Mode): boolean {
    return this.#holders === 0 || (mode === 'shared' && this.#mode === 'shared');
  }

  #take(mode: Mode): void {
    this.#mode = mode;
    this.#holders += 1;
  }

  #admitNext(): void {
    for (let next = this.#waiting[0]; next !== undefined && this.#admits(next.mode); next = this.#waiting[0]) {
      this.#waiting.shift();
      this.#take(next.mode);
      next.admit();
    }
  }
}

/** The result of the work, or a rejection as soon as nobody waits for it any more. */
export async function untilAborted<T>(operation: Operation, work: () => Promise<T>): Promise<T> {
  operation.assertActive();
  return orAborted(work(), operation.signal);
}
