import { must } from './violation.js';
import type { SimulatedProcess, SimulatedTime } from './world/time.js';

interface Promised {
  readonly process: SimulatedProcess;
  readonly what: string;
  isSettled: boolean;
}

/** What a timer, the grace for a driver and the way of a message may take on top of a bound. */
const GRACE_MS = 3_000;

/** All that stores have promised: each settles, and by its bound where it has one. */
export class Promises {
  readonly #time: SimulatedTime;
  readonly #fail: (process: SimulatedProcess, check: () => void) => void;
  readonly #promised: Promised[] = [];

  /** @param fail runs a check that fails, on behalf of a process. */
  constructor(time: SimulatedTime, fail: (process: SimulatedProcess, check: () => void) => void) {
    this.#time = time;
    this.#fail = fail;
  }

  add(process: SimulatedProcess, what: string, promise: Promise<unknown>, boundMs: number | undefined): void {
    const promised: Promised = { process, what, isSettled: false };
    this.#promised.push(promised);
    const settle = (): void => {
      promised.isSettled = true;
    };
    promise.then(settle, settle);
    if (boundMs === undefined || !process.isRunning) return;
    const { pauses } = process;
    this.#time.after(boundMs + GRACE_MS, () => {
      if (process.pauses === pauses) this.#fail(process, () => requireSettled(promised));
    });
  }

  /** At the end, when all stores are closed. */
  requireSettled(): void {
    for (const promised of this.#promised) if (!promised.process.hasEnded) requireSettled(promised);
  }
}

function requireSettled({ isSettled, process, what }: Promised): void {
  must(isSettled, 'every promise settles', () => `${process.name} ${what}`);
}
