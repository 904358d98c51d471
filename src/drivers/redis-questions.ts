import { setMaxListeners } from 'node:events';

/** Asks one of several who may know; ends when the signal is aborted. */
export type Question<T> = (signal: AbortSignal) => Promise<T>;

/** What those who were asked said, and why others said nothing. */
export interface Answers<T> {
  readonly answers: readonly T[];
  readonly failures: readonly unknown[];
}

/**
 * Asks all at once, until more than half of them have answered, all have answered or failed, or `graceMs` have passed
 * since the first answer. Those that have not answered by then are asked no longer.
 */
export async function mostAnswers<T>(
  questions: readonly Question<T>[],
  signal: AbortSignal,
  graceMs: number,
): Promise<Answers<T>> {
  const answers: T[] = [];
  const failures: unknown[] = [];
  let timer: NodeJS.Timeout | undefined;
  await untilDone(signal, (given, done) => {
    const heard = (): void => {
      const isEnough = answers.length > questions.length / 2;
      if (isEnough || answers.length + failures.length === questions.length) done();
      else if (answers.length > 0) timer ??= setTimeout(done, graceMs);
    };
    if (questions.length === 0) done();
    for (const question of questions) {
      question(given).then(
        (answer) => {
          answers.push(answer);
          heard();
        },
        (error: unknown) => {
          failures.push(error);
          heard();
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
