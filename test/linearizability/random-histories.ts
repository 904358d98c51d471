import { setTimeout as delay } from 'node:timers/promises';
import type { OperationOptions, PersistenceDriver } from '../../src/core/persistence-driver.js';
import { Random } from '../contract/random.js';
import type { Backend } from './backends.js';
import { Client, type Step } from './client.js';
import { Progress } from './progress.js';
import { Recorder, type Result } from './recorder.js';
import { forEachConcurrent, turns } from './side-by-side.js';
import type { Tally } from './tally.js';

/** What a run of random histories needs. */
export interface RandomParts {
  readonly backend: Backend;
  readonly histories: number;
  readonly seed: number;
  readonly tally: Tally;
}

const WIDTH = 12;

/** In ms. What a paused server holds up has to run out of time, and what a busy machine does not. */
const PATIENCE_MS = 400;
const MOST_PATIENCE_MS = 4_000;
const BETWEEN_ATTEMPTS_MS = 5;

/** How often a client tries again what had no effect, and the observer what failed. */
const MOST_ATTEMPTS = 4_000;

const MORE_OFTEN: readonly [Step, ...Step[]] = [
  ...(['load', 'load', 'load', 'load', 'head', 'head', 'upsert', 'upsert', 'upsert'] as const),
  ...(['replace', 'replace', 'repeat', 'repeat', 'drop'] as const),
];

/**
 * Histories of three to five clients and 20 to 40 operations, while the backend is disturbed. When the disturbances are
 * over, each account is read once more, and what the clients saw is checked.
 *
 * @returns how often the backend was disturbed
 */
export async function runRandomHistories({ backend, histories, seed, tally }: RandomParts): Promise<number> {
  const progress = new Progress();
  const disturbances = disturb(backend, new Random(seed, 'faults'), progress);
  // Whatever fails first ends the other one.
  disturbances.catch(() => progress.end());
  const recorders = Array.from({ length: histories }, (_, index) => new Recorder(`random-${index}`));
  const aboutOf = ({ accountId }: Recorder): string => `random history (account ${accountId}, seed ${seed})`;
  try {
    await forEachConcurrent(recorders, WIDTH, async (recorder) => {
      const random = new Random(seed, recorder.accountId);
      await runHistory({ drivers: backend.drivers, recorder, random, progress, tally, about: aboutOf(recorder) });
    });
  } finally {
    progress.end();
  }
  const count = await disturbances;
  await forEachConcurrent(recorders, WIDTH, async (recorder) => {
    const random = new Random(seed, `observer of ${recorder.accountId}`);
    const driver = pick(backend.drivers, random);
    const result = await untilItHasEffect(() => new Client({ name: 'Z', driver, recorder }).do('load'));
    tally.note(result, aboutOf(recorder));
    tally.check(recorder, aboutOf(recorder));
  });
  return count;
}

/** Disturbs the backend again and again until there is no more progress. */
async function disturb({ faults }: Backend, random: Random, progress: Progress): Promise<number> {
  let count = 0;
  for (;;) {
    await progress.of(10 + random.below(60));
    if (progress.hasEnded) return count;
    const { fault, operations } = random.pick(faults)(random);
    const undo = await fault.inject();
    if (operations > 0) await progress.of(1 + random.below(operations));
    await undo();
    count += 1;
  }
}

interface HistoryRun {
  readonly drivers: readonly PersistenceDriver[];
  readonly recorder: Recorder;
  readonly random: Random;
  readonly progress: Progress;
  readonly tally: Tally;
  readonly about: string;
}

async function runHistory({ drivers, recorder, random, progress, tally, about }: HistoryRun): Promise<void> {
  const clients = 3 + random.below(drivers.length - 2);
  const first = random.below(drivers.length);
  let left = 20 + random.below(21);
  const run = async (index: number): Promise<void> => {
    const driver = drivers[(first + index) % drivers.length];
    if (driver === undefined) throw new Error('no driver');
    const client = new Client({ name: String.fromCharCode(65 + index), driver, recorder });
    let next: Step | undefined;
    while (left > 0) {
      left -= 1;
      const step = next ?? random.pick(MORE_OFTEN);
      await turns(random.below(random.pick([1, 4, 20])));
      const result = await untilItHasEffect(async (attempt) => {
        const patienceMs = Math.min(attempt * PATIENCE_MS, MOST_PATIENCE_MS);
        const seen = await inAHurry(random, patienceMs, (options) => client.do(step, options));
        progress.settled();
        tally.note(seen, about);
        return seen;
      });
      // Repeating it is how its outcome becomes known; sometimes the client goes on without that.
      next = result.kind === 'unknown' && random.below(3) > 0 ? 'repeat' : undefined;
    }
  };
  await Promise.all(Array.from({ length: clients }, (_, index) => run(index)));
}

/** An operation that is sometimes aborted midway, or has next to no time. */
async function inAHurry(
  random: Random,
  timeoutMs: number,
  work: (options: OperationOptions) => Promise<Result>,
): Promise<Result> {
  const kind = random.below(8);
  if (kind === 0) return work({ timeoutMs: 1 + random.below(8) });
  if (kind > 1) return work({ timeoutMs });
  const controller = new AbortController();
  const result = work({ timeoutMs, signal: controller.signal });
  await turns(random.below(12));
  controller.abort();
  return result;
}

/** Tries again what had no effect: while the backend is away, nobody makes progress. */
async function untilItHasEffect(work: (attempt: number) => Promise<Result>): Promise<Result> {
  for (let attempt = 1; ; attempt += 1) {
    const result = await work(attempt);
    if (result.kind !== 'not applied' || attempt === MOST_ATTEMPTS) return result;
    await delay(BETWEEN_ATTEMPTS_MS);
  }
}

function pick<T>([first, ...others]: readonly T[], random: Random): T {
  if (first === undefined) throw new Error('nothing to pick from');
  return random.pick([first, ...others]);
}
