import { setMaxListeners } from 'node:events';

/** Asks one of several who may know; ends when the signal is aborted. */
export type Question<T> = (signal: AbortSignal) => Promise<T>;

/** What those who were asked said, and why others said nothing. */
export interface Answers<T> {
  readonly answers: readonly T[];
  readonly failures: readonly unknown[];
}

/** Milliseconds that the others have after an answer. */
const GRACE_MS = 500;

/** Milliseconds that those have who did not answer the last time, when all others have answered. */
const SHORT_GRACE_MS = 50;

/**
 * Asks all at once, until all have answered or failed, or nothing has come for a while since an answer. Those that have
 * not answered by then are asked no longer.
 *
 * @param questions by name of who is asked
 * @param silent the names of those that did not answer the last time; kept up to date
 */
export async function allAnswers<T>(
  questions: ReadonlyMap<string, Question<T>>,
  silent: Set<string>,
  signal: AbortSignal,
): Promise<Answers<T>> {
  const answers: T[] = [];
  const failures: unknown[] = [];
  const pending = new Set(questions.keys());
  let timer: NodeJS.Timeout | undefined;
  await untilDone(signal, (given, done) => {
    const heard = (name: string): void => {
      pending.delete(name);
      clearTimeout(timer);
      const graceMs = [...pending].every((each) => silent.has(each)) ? SHORT_GRACE_MS : GRACE_MS;
      if (pending.size === 0) done();
      else if (answers.length > 0 && !given.aborted) timer = setTimeout(done, graceMs);
    };
    if (questions.size === 0) done();
    for (const [name, question] of questions) {
      question(given).then(
        (answer) => {
          silent.delete(name);
          answers.push(answer);
          heard(name);
        },
        (error: unknown) => {
          silent.add(name);
          failures.push(error);
          heard(name);
        },
      );
    }
  });
  clearTimeout(timer);
  return { answers, failures };
}

/**
 * Asks one after the other until one answers; the next one when the one before it has failed, or has not answered after
 * `patienceMs`. There is one answer at the most.
 */
export async function firstAnswer<T>(
  questions: readonly Question<T>[],
  signal: AbortSignal,
  patienceMs: number,
): Promise<Answers<T>> {
  const answers: T[] = [];
  const failures: unknown[] = [];
  let timer: NodeJS.Timeout | undefined;
  await untilDone(signal, (given, done) => {
    let asked = 0;
    const ask = (): void => {
      clearTimeout(timer);
      const question = questions[asked];
      if (question === undefined || given.aborted) return;
      asked += 1;
      timer = setTimeout(ask, patienceMs);
      question(given).then(
        (answer) => {
          if (answers.length === 0) answers.push(answer);
          done();
        },
        (error: unknown) => {
          failures.push(error);
          if (failures.length === questions.length || given.aborted) done();
          else ask();
        },
      );
    };
    if (questions.length === 0) done();
    ask();
  });
  clearTimeout(timer);
  return { answers, failures };
}

/** Gives the questions a signal that is aborted when it is done, or when nobody wants to know any more. */
async function untilDone(signal: AbortSignal, start: (given: AbortSignal, done: () => void) => void): Promise<void> {
  const controller = new AbortController();
  const giveUp = (): void => controller.abort(signal.reason);
  setMaxListeners(0, controller.signal);
  signal.throwIfAborted();
  signal.addEventListener('abort', giveUp, { once: true });
  try {
    await new Promise<void>((resolve) => start(controller.signal, resolve));
  } finally {
    signal.removeEventListener('abort', giveUp);
    controller.abort(new Error('the answer is known'));
  }
}
