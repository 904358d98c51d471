import { AccountKeeperError } from '../../../src/core/errors.js';
import type { OperationOptions } from '../../../src/core/persistence-driver.js';
import type { Random } from '../random.js';
import type { SimulatedProcess, SimulatedTime } from './time.js';

/** How bad the network is, and whether the backend answers. Changed while the world runs. */
export interface Weather {
  backend: 'up' | 'down' | 'paused';
  /** Somebody holds a lock: nothing is written, and the caller is told at once. */
  isLocked: boolean;
  /** The driver breaks its promise to settle: what is asked meanwhile is never answered. */
  isDeaf: boolean;
  /** The backend refuses whatever is more than one record, and says no more than that. */
  refusesBatches: boolean;
  /** Milliseconds that a write takes longer that is sent now. */
  heldMs: number;
  /** That a request, or a reply, is lost on its way. */
  loss: number;
  /** That a request arrives a second time, much later. */
  duplicates: number;
  /** That a request or a reply takes much longer. */
  delays: number;
  /** That the connection breaks: the caller is told at once. */
  cuts: number;
}

/** All is well. */
export const FAIR: Weather = {
  backend: 'up',
  isLocked: false,
  isDeaf: false,
  refusesBatches: false,
  heldMs: 0,
  loss: 0,
  duplicates: 0,
  delays: 0,
  cuts: 0,
};

/** What a network works with. */
export interface NetworkParts {
  readonly time: SimulatedTime;
  readonly process: SimulatedProcess;
  readonly random: Random;
  readonly weather: Weather;
}

/** What is sent, and what the backend does with it once it arrives. */
export interface Request<T> {
  readonly kind: 'read' | 'write';
  /** How long the backend works on it. When the caller gives up before, nothing comes of it. */
  readonly workMs: number;
  readonly atBackend: () => T;
}

/** Between a process and its backend: it delays, loses, repeats and reorders. */
export class Network {
  readonly #parts: NetworkParts;

  constructor(parts: NetworkParts) {
    this.#parts = parts;
  }

  send<T>({ kind, workMs, atBackend }: Request<T>, options: OperationOptions): Promise<T> {
    const { process, random, time, weather } = this.#parts;
    const { signal, timeoutMs = 10_000 } = options;
    const outcome = kind === 'read' ? 'not-applied' : 'unknown';
    return new Promise((resolve, reject) => {
      if (signal?.aborted === true) return reject(errorOf('ABORTED', 'not-applied'));
      if (weather.isDeaf) return;
      let isOver = false;
      const settle = (act: () => void): void => process.deliver(act);
      const done = (): void => {
        isOver = true;
        timer.cancel();
        signal?.removeEventListener('abort', abort);
      };
      const fail = (code: FailureCode, as: 'not-applied' | 'unknown' = outcome): void => {
        done();
        reject(errorOf(code, as));
      };
      const abort = (): void => fail('ABORTED');
      const timer = process.clock.setTimeout(() => fail('TIMEOUT'), timeoutMs);
      signal?.addEventListener('abort', abort);
      if (random.chance(weather.cuts)) time.after(random.below(20), () => settle(() => fail('UNAVAILABLE')));
      const work = (): void => {
        if (isOver && workMs > 0) return;
        const answer = attempt(atBackend);
        if (random.chance(weather.loss)) return;
        time.after(this.#travelMs(), () =>
          settle(() => {
            done();
            answer(resolve, reject);
          }),
        );
      };
      const arrive = (): void => {
        if (weather.backend === 'paused') {
          time.after(50 + random.below(200), arrive);
        } else if (weather.backend === 'down' || (weather.isLocked && kind === 'write')) {
          time.after(random.below(5), () => settle(() => fail('UNAVAILABLE', 'not-applied')));
        } else if (workMs > 0) time.after(workMs, work);
        else work();
      };
      const heldMs = kind === 'write' ? weather.heldMs : 0;
      if (!random.chance(weather.loss)) time.after(heldMs + this.#travelMs(), arrive);
      if (random.chance(weather.duplicates)) {
        time.after(random.below(30_000), () => {
          if (weather.backend === 'up' && !weather.isLocked) attempt(atBackend);
        });
      }
    });
  }

  #travelMs(): number {
    const { random, weather } = this.#parts;
    return random.chance(weather.delays) ? random.below(15_000) : random.below(8);
  }
}

type FailureCode = 'TIMEOUT' | 'ABORTED' | 'UNAVAILABLE';

function errorOf(code: FailureCode, outcome: 'not-applied' | 'unknown'): AccountKeeperError {
  return new AccountKeeperError(code, `simulated: ${code}`, { outcome });
}

function attempt<T>(work: () => T): (resolve: (value: T) => void, reject: (error: unknown) => void) => void {
  try {
    const value = work();
    return (resolve) => resolve(value);
  } catch (error) {
    return (_, reject) => reject(error);
  }
}
