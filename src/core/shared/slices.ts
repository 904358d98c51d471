/** About as much work as the event loop should wait for: some hundreds of records, in one to three milliseconds. */
const UNITS_PER_SLICE = 128 * 1024;

/** What a record costs besides its characters. */
const UNITS_PER_RECORD = 100;

/** A long piece of work that stops between two slices. Whoever runs it may let the event loop turn then, or go on. */
export type Steps<Result> = Generator<undefined, Result, undefined>;

/** Counts the records of a long piece of work, in slices. It counts and does not measure, so that each run is the same. */
export class Slice {
  #left = UNITS_PER_SLICE;

  /** Counts a record with so many characters. @returns whether the slice is over; the next one begins then. */
  isOver(characters: number): boolean {
    this.#left -= UNITS_PER_RECORD + characters;
    if (this.#left > 0) return false;
    this.#left = UNITS_PER_SLICE;
    return true;
  }
}

/** Resolves once the event loop has done what waits for it. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** Does all steps at once. */
export function atOnce<Result>(steps: Steps<Result>): Result {
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
  }
}

/**
 * The result itself if it takes one slice; otherwise a promise of it, and the event loop turns between the slices. After
 * an abort no further step is taken, and the promise rejects with the reason.
 */
export function inTurns<Result>(steps: Steps<Result>, signal?: AbortSignal): Result | Promise<Result> {
  const first = steps.next();
  return first.done === true ? first.value : afterTurns(steps, signal);
}

async function afterTurns<Result>(steps: Steps<Result>, signal: AbortSignal | undefined): Promise<Result> {
  for (;;) {
    await nextTurn();
    signal?.throwIfAborted();
    const step = steps.next();
    if (step.done === true) return step.value;
  }
}
