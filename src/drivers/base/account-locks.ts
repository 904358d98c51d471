import { type Operation, untilEnd } from './operation/operation.js';

type Mode = 'shared' | 'exclusive';

/** One who holds a name, or waits for it. */
interface Holder {
  /** Settles when it has let go. One who gave up while waiting still stands between those before and those behind. */
  left(): Promise<void>;
}

/** Those who hold a name or wait for it: the last one who wants it alone, and those who share it behind that one. */
interface Queue {
  alone: Holder | undefined;
  shared: Set<Holder> | undefined;
}

/** A lock for each name, taken in the order of the calls. Where nobody else holds the name, the work is called at once. */
export class AccountLocks {
  readonly #queues = new Map<string, Queue>();

  /** Together with others who share it; until the work has settled, or nobody waits for it any more. */
  shared<T>(name: string, operation: Operation, work: () => Promise<T>): Promise<T> {
    return this.#hold(name, 'shared', operation, () => untilEnd(operation, work), same);
  }

  /** Alone; until the work has settled, or nobody waits for it any more. */
  inTurn<T>(name: string, operation: Operation, work: () => Promise<T>): Promise<T> {
    return this.#hold(name, 'exclusive', operation, work, (result) => untilEnd(operation, () => result));
  }

  /** Alone; until the work has settled, even if nobody waits for that: what was sent may still land. */
  exclusive<T>(name: string, operation: Operation, work: () => Promise<T>): Promise<T> {
    return this.#hold(name, 'exclusive', operation, work, same);
  }

  /** @param held what it has to wait for who comes next. Asked for only then. */
  #hold<T>(
    name: string,
    mode: Mode,
    operation: Operation,
    work: () => Promise<T>,
    held: (result: Promise<T>) => Promise<T>,
  ): Promise<T> {
    const queue = this.#queueOf(name);
    const turn = turnOf(queue, mode);
    let result: Promise<T>;
    const holder: Holder = {
      left: async () => {
        await turn;
        await Promise.allSettled([called(() => held(result))]);
      },
    };
    join(queue, mode, holder);
    const leave = (): void => this.#leave(name, queue, holder);
    if (turn === undefined) {
      result = called(() => {
        operation.assertActive();
        return work();
      });
      result.then(leave, leave);
    } else {
      result = called(() => untilEnd(operation, () => turn)).then(work);
      holder.left().then(leave, leave);
    }
    return result;
  }

  #queueOf(name: string): Queue {
    const present = this.#queues.get(name);
    if (present !== undefined) return present;
    const queue: Queue = { alone: undefined, shared: undefined };
    this.#queues.set(name, queue);
    return queue;
  }

  #leave(name: string, queue: Queue, holder: Holder): void {
    if (queue.alone === holder) queue.alone = undefined;
    queue.shared?.delete(holder);
    const isFree = queue.alone === undefined && (queue.shared?.size ?? 0) === 0;
    if (isFree && this.#queues.get(name) === queue) this.#queues.delete(name);
  }
}

/** Settles when those have let go who are before the next one; `undefined` if there are none. */
function turnOf({ alone, shared }: Queue, mode: Mode): Promise<unknown> | undefined {
  const before = [...(alone === undefined ? [] : [alone]), ...(mode === 'shared' ? [] : (shared ?? []))];
  return before.length === 0 ? undefined : Promise.all(before.map((holder) => holder.left()));
}

function join(queue: Queue, mode: Mode, holder: Holder): void {
  if (mode === 'shared') {
    queue.shared ??= new Set();
    queue.shared.add(holder);
  } else {
    queue.alone = holder;
    queue.shared = undefined;
  }
}

/** The promise of the work, also if it throws instead. */
function called<T>(work: () => Promise<T>): Promise<T> {
  try {
    return work();
  } catch (thrown) {
    return Promise.reject(thrown);
  }
}

function same<T>(result: Promise<T>): Promise<T> {
  return result;
}
