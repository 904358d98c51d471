import type { Clock, TimerHandle } from '../../core/shared/clock.js';

/** The delay of what is to happen soon (ms). */
export const SOON_MS = 1_000;

/** How much later each further sync comes when there is a hurry: a client that keeps to limits holds orders back for it. */
const GROWTH = 4;

/** How a sync ended; `again`: it succeeded, and another one is wanted soon. */
export type SyncResult = 'done' | 'again' | 'failed';

/**
 * Says when to sync: each time an interval has passed since the last one, and earlier when there is reason to. One sync
 * runs at a time.
 */
export class SyncSchedule {
  readonly #sync: () => Promise<SyncResult>;
  readonly #intervalMs: number;
  readonly #soonMs: number;
  readonly #clock: Pick<Clock, 'setTimeout'>;
  /** The delay of the next timer, and of the one that runs. */
  #nextMs: number;
  #armedMs = 0;
  #timer: TimerHandle | undefined;
  #running: Promise<SyncResult> | undefined;
  #following: Promise<SyncResult> | undefined;
  #last: SyncResult = 'done';
  #isStopped = false;

  /** @param sync never rejects. */
  constructor(sync: () => Promise<SyncResult>, intervalMs: number, clock: Pick<Clock, 'setTimeout'>) {
    this.#sync = sync;
    this.#intervalMs = intervalMs;
    this.#soonMs = Math.min(SOON_MS, intervalMs);
    this.#clock = clock;
    this.#nextMs = intervalMs;
  }

  /** Syncs now or, while a sync runs, once more after it, however often it was asked for. */
  request(): Promise<SyncResult> {
    if (this.#following !== undefined) return this.#following;
    if (this.#running === undefined) return this.#start();
    this.#following = this.#running.then(() => {
      this.#following = undefined;
      return this.#start();
    });
    return this.#following;
  }

  /** Syncs soon, and then with a delay that grows until it is the interval: it is not known when all is well again. */
  hurry(): void {
    this.#nextMs = this.#soonMs;
    if (this.#running === undefined && this.#armedMs > this.#soonMs) this.#arm(this.#soonMs);
  }

  /** Starts no sync any more. Resolves when none runs. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#timer?.cancel();
    await this.#running;
  }

  #start(): Promise<SyncResult> {
    if (this.#isStopped) return Promise.resolve('failed');
    this.#timer?.cancel();
    this.#running = this.#sync().then((result) => this.#end(result));
    return this.#running;
  }

  #end(result: SyncResult): SyncResult {
    this.#running = undefined;
    if (result === 'failed' && this.#last !== 'failed') this.#nextMs = this.#soonMs;
    this.#last = result;
    this.#arm(result === 'again' ? this.#soonMs : this.#nextMs);
    return result;
  }

  #arm(delayMs: number): void {
    if (this.#isStopped) return;
    this.#timer?.cancel();
    this.#armedMs = delayMs;
    this.#timer = this.#clock.setTimeout(() => void this.#start(), delayMs);
    this.#nextMs = Math.min(GROWTH * this.#nextMs, this.#intervalMs);
  }
}
