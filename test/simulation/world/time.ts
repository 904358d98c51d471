import type { Clock, TimerHandle } from '../../../src/core/shared/clock.js';

interface Task {
  readonly dueMs: number;
  readonly order: number;
  run: (() => void) | undefined;
}

/** What is to be done, the earliest first; what falls due at the same time, in the order in which it was added. */
class Agenda {
  /** A binary heap. */
  readonly #tasks: Task[] = [];

  get first(): Task | undefined {
    return this.#tasks[0];
  }

  add(task: Task): void {
    const tasks = this.#tasks;
    let index = tasks.push(task) - 1;
    for (let above = (index - 1) >> 1; index > 0 && this.#isBefore(index, above); above = (index - 1) >> 1) {
      this.#swap(index, above);
      index = above;
    }
  }

  removeFirst(): void {
    const last = this.#tasks.pop();
    if (last === undefined || this.#tasks.length === 0) return;
    this.#tasks[0] = last;
    for (let index = 0; ; ) {
      const below = [2 * index + 1, 2 * index + 2].filter((each) => each < this.#tasks.length);
      const [left = index, right = left] = below;
      const least = this.#isBefore(right, left) ? right : left;
      if (!this.#isBefore(least, index)) return;
      this.#swap(least, index);
      index = least;
    }
  }

  #isBefore(index: number, other: number): boolean {
    const [a, b] = [this.#tasks[index], this.#tasks[other]];
    if (a === undefined || b === undefined) return false;
    return a.dueMs < b.dueMs || (a.dueMs === b.dueMs && a.order < b.order);
  }

  #swap(index: number, other: number): void {
    const [a, b] = [this.#tasks[index], this.#tasks[other]];
    if (a === undefined || b === undefined) return;
    this.#tasks[index] = b;
    this.#tasks[other] = a;
  }
}

/** Everything that is already resolved has run its course afterwards. */
function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** The time of a simulated world: a queue of what happens next. */
export class SimulatedTime {
  readonly #agenda = new Agenda();
  #nowMs = 0;
  #order = 0;
  #turn = 0;

  get nowMs(): number {
    return this.#nowMs;
  }

  /** Grows whenever everything that was resolved has run its course. */
  get turn(): number {
    return this.#turn;
  }

  /** @returns what takes it back. */
  after(delayMs: number, run: () => void): () => void {
    this.#order += 1;
    const task: Task = { dueMs: this.#nowMs + Math.max(0, delayMs), order: this.#order, run };
    this.#agenda.add(task);
    return () => {
      task.run = undefined;
    };
  }

  /** Lets time pass; what falls due runs in order, each with all that it leads to at once. */
  async advance(ms: number): Promise<void> {
    const endMs = this.#nowMs + ms;
    await settle();
    this.#turn += 1;
    for (let task = this.#next(endMs); task !== undefined; task = this.#next(endMs)) {
      this.#nowMs = Math.max(this.#nowMs, task.dueMs);
      task.run?.();
      await settle();
      this.#turn += 1;
    }
    this.#nowMs = endMs;
  }

  /** Takes out what falls due next; what was taken back is passed over. */
  #next(endMs: number): Task | undefined {
    for (let task = this.#agenda.first; task !== undefined && task.dueMs <= endMs; task = this.#agenda.first) {
      this.#agenda.removeFirst();
      if (task.run !== undefined) return task;
    }
    return undefined;
  }
}

/** One process: it can be paused, its wall clock can jump, and once it has crashed nothing of it runs any more. */
export class SimulatedProcess {
  readonly name: string;
  readonly clock: Clock;
  readonly #time: SimulatedTime;
  #state: 'running' | 'paused' | 'ended' = 'running';
  #skewMs = 1_700_000_000_000;
  #waiting: (() => void)[] = [];
  #pauses = 0;

  constructor(name: string, time: SimulatedTime) {
    this.name = name;
    this.#time = time;
    this.clock = {
      now: () => this.#time.nowMs + this.#skewMs,
      monotonic: () => this.#time.nowMs,
      setTimeout: (callback, delayMs) => this.#timer(callback, delayMs),
    };
  }

  get isRunning(): boolean {
    return this.#state === 'running';
  }

  get hasEnded(): boolean {
    return this.#state === 'ended';
  }

  /** How often it was paused. */
  get pauses(): number {
    return this.#pauses;
  }

  /** Runs in this process: at once, when it goes on, or never. */
  deliver(run: () => void): void {
    if (this.#state === 'running') run();
    else if (this.#state === 'paused') this.#waiting.push(run);
  }

  pause(): void {
    if (this.#state !== 'running') return;
    this.#state = 'paused';
    this.#pauses += 1;
  }

  resume(): void {
    if (this.#state !== 'paused') return;
    this.#state = 'running';
    // Each in a turn of its own, as timers and messages are: what they change does not belong together.
    for (const run of this.#waiting) this.#time.after(0, () => this.deliver(run));
    this.#waiting = [];
  }

  end(): void {
    this.#state = 'ended';
    this.#waiting = [];
  }

  jumpWall(ms: number): void {
    this.#skewMs += ms;
  }

  #timer(callback: () => void, delayMs: number): TimerHandle {
    let cancelled = false;
    const fire = (): void => {
      if (!cancelled) callback();
    };
    const cancel = this.#time.after(delayMs, () => this.deliver(fire));
    return {
      cancel: () => {
        cancelled = true;
        cancel();
      },
    };
  }
}
