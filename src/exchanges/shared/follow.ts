import type { Clock } from '../../core/shared/clock.js';
import { callAfter } from './hooks.js';
import type { MessageOutcome } from './outcome.js';
import { SOON_MS, type SyncResult, SyncSchedule } from './sync-schedule.js';

/** Waits for the next message of a stream, and resolves to what applies it. Rejects when the stream fails. */
export type Feed = () => Promise<() => MessageOutcome>;

/** Makes feeds of streams: `watch` resolves to a message, and `apply` puts it into the store. */
export function feedsInto<Store, Options>(
  store: Store,
  options: Options,
): <Told>(watch: () => Promise<Told>, apply: (store: Store, told: Told, options: Options) => MessageOutcome) => Feed {
  return (watch, apply) => async () => {
    const told = await watch();
    return () => apply(store, told, options);
  };
}

/** What an account is followed by. */
export interface FollowParts {
  /** The account's streams. What is missed while one of them fails, a sync makes up for. */
  readonly feeds: readonly Feed[];
  /** Streams of prices. */
  readonly prices: readonly Feed[];
  /** Read the parts of the account, one after the other. */
  readonly syncs: readonly (() => Promise<MessageOutcome>)[];
  /** The methods of an object that are called when streams are connected or confirmed. */
  readonly hooks?: { readonly target: object; readonly methods: readonly string[] };
  /** The name of the error that says that the user has closed the streams. */
  readonly closingError?: string;
}

/** Whom to tell, and when to sync. */
export interface FollowOptions {
  /** Is told the outcome of every message and every sync. */
  readonly onOutcome?: ((outcome: MessageOutcome) => void) | undefined;
  /**
   * Is told what was thrown, and what was not understood: an error whose `cause` is the outcome, for each outcome that is
   * `unknown` or has `faults`. @default console.error
   */
  readonly onError?: ((error: unknown) => void) | undefined;
  /** Runs before each sync, which fails when it rejects. Look up orders here that the exchange has not confirmed. */
  readonly beforeSync?: (() => Promise<unknown>) | undefined;
  /** From the end of a sync to the next (ms, above 0), without a reason to sync earlier. @default 60_000 */
  readonly intervalMs?: number | undefined;
}

/** An account that is being followed. */
export interface Following {
  /**
   * Syncs now or, while a sync runs, once more after it. Resolves to whether that succeeded, and never rejects: `onError`
   * is told why not.
   */
  sync(): Promise<boolean>;
  /** Applies nothing any more. Resolves when no sync runs. */
  stop(): Promise<void>;
}

/** The longest time (ms) until a stream that failed is tried again. */
const MAX_RETRY_MS = 10_000;

/** The longest delay that timers take: with a longer one, they fire at once. */
const MAX_TIMER_MS = 2_147_483_647;

const timers: Pick<Clock, 'setTimeout'> = {
  setTimeout: (callback, delayMs) => {
    const timer = setTimeout(callback, Math.min(delayMs, MAX_TIMER_MS));
    return { cancel: () => clearTimeout(timer), unref: () => void timer.unref() };
  },
};

/**
 * Keeps an account up to date: applies what its streams send, and syncs at the start, at an interval, soon after a
 * stream has failed or recovered, and when orders have vanished. Resolves when the first sync has succeeded; when that
 * fails, it stops and rejects.
 */
export async function follow(
  { feeds, prices, syncs, hooks, closingError }: FollowParts,
  options: FollowOptions = {},
  clock: Pick<Clock, 'setTimeout'> = timers,
): Promise<Following> {
  // biome-ignore lint/suspicious/noConsole: what nobody listens to must not be silent
  const { onOutcome, onError = console.error, beforeSync, intervalMs = 60_000 } = options;
  if (!(intervalMs > 0)) throw new RangeError(`intervalMs: expected more than 0, received ${intervalMs}`);
  let isStopped = false;
  let isStarted = false;
  let failure: unknown = new Error('stopped before the first sync had ended');
  const schedule = new SyncSchedule(sync, intervalMs, clock);
  const hurry = (): void => schedule.hurry();

  function stop(): Promise<void> {
    isStopped = true;
    return schedule.stop();
  }

  function fail(error: unknown): void {
    if (isStopped) return;
    const isClosed = error instanceof Error && 'code' in error && error.code === 'CLOSED';
    if (isClosed || (error instanceof Error && error.name === closingError)) void stop();
    else report(error);
  }

  /** A listener that throws stops nothing. */
  function report(error: unknown): void {
    try {
      onError(error);
    } catch (thrown) {
      // biome-ignore lint/suspicious/noConsole: nobody else can be told
      console.error(error, thrown);
    }
  }

  /** @returns what was not understood */
  function tell(outcome: MessageOutcome): Error | undefined {
    try {
      onOutcome?.(outcome);
    } catch (error) {
      report(error);
    }
    return problemOf(outcome);
  }

  async function sync(): Promise<SyncResult> {
    try {
      await beforeSync?.();
      let result: SyncResult = 'done';
      for (const part of syncs) {
        const outcome = await part();
        if (isStopped) return 'failed';
        const problem = tell(outcome);
        if (outcome.kind === 'unknown') throw problem;
        if (problem !== undefined) report(problem);
        if (outcome.kind === 'applied' && outcome.resync?.vanishedOrders.length) result = 'again';
      }
      return result;
    } catch (error) {
      failure = error;
      if (isStarted) fail(error);
      return 'failed';
    }
  }

  async function listen(feed: Feed, onChange: () => void): Promise<void> {
    let retryMs = SOON_MS;
    while (!isStopped) {
      try {
        const apply = await feed();
        if (isStopped) return;
        const problem = tell(apply());
        if (problem !== undefined) report(problem);
        if (retryMs !== SOON_MS) onChange();
        retryMs = SOON_MS;
      } catch (error) {
        fail(error);
        if (retryMs === SOON_MS) onChange();
        await new Promise<void>((resolve) => clock.setTimeout(resolve, retryMs).unref?.());
        retryMs = Math.min(2 * retryMs, MAX_RETRY_MS);
      }
    }
  }

  if (hooks !== undefined) callAfter(hooks.target, hooks.methods, hurry);
  for (const feed of feeds) void listen(feed, hurry);
  for (const feed of prices) void listen(feed, () => {});
  if ((await schedule.request()) === 'failed') {
    await stop();
    throw failure;
  }
  isStarted = true;
  return { sync: async () => (await schedule.request()) !== 'failed', stop };
}

function problemOf(outcome: MessageOutcome): Error | undefined {
  if (outcome.kind === 'ignored') return undefined;
  const reasons = outcome.kind === 'unknown' ? [outcome.reason] : outcome.faults.map(({ message }) => message);
  if (reasons.length === 0) return undefined;
  return new Error(`not understood: ${reasons.join('; ')}`, { cause: outcome });
}
