import type { Clock, TimerHandle } from '../../../src/core/shared/clock.js';

interface Task {
  readonly dueMs: number;
  readonly order: number;
  readonly run: () => void;
}

/** Everything that is already resolved has run its course afterwards. */
function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** The time of a simulated world: a queue of what happens next. */
export class SimulatedTime {
  #tasks: Task[] = [];
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
    this.#tasks.push(task);
    return () => {
      this.#tasks = this.#tasks.filter((each) => each !== task);
    };
  }

  /** Lets time pass; what falls due runs in order, each with all that it leads to at once. */
  async advance(ms: number): Promise<void> {
    const endMs = this.#nowMs + ms;
    await settle();
    this.#turn += 1;
    for (let task = this.#next(endMs); task !== undefined; task = this.#next(endMs)) {
      this.#tasks.splice(this.#tasks.indexOf(task), 1);
      this.#nowMs = Math.max(this.#nowMs, task.dueMs);
      task.run();
      await settle();
      this.#turn += 1;
    }
    this.#nowMs = endMs;
  }

  #next(endMs: number): Task | undefined {
    let next: Task | undefined;
    for (const task of this.#tasks) {
      if (task.dueMs > endMs) continue;
      if (next === undefined || task.dueMs < next.dueMs || (task.dueMs === next.dueMs && task.order < next.order)) {
        next = task;
      }
    }
    return next;
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
