// @ts-check
/** @import { OperationOptions } from 'accountkeeper' */
// Every operation settles by its deadline, whatever the file system does. Commits to one account run one after the
// other, in the order of the calls. close() waits for what is under way.
import { AccountKeeperError, isAccountKeeperError } from 'accountkeeper';

/**
 * What the work of an operation is given. A call of the file system cannot be called back, so between two of them the
 * work asks whether anybody still waits for it: `signal.throwIfAborted()`.
 *
 * @typedef {{ readonly signal: AbortSignal, mayHaveLanded: boolean }} Context `mayHaveLanded` is set by the work, from
 * the moment on at which its write can take effect
 */

const LONGEST_TIMER_MS = 2 ** 31 - 1;

export class Operations {
  #timeoutMs;
  #closed = false;
  /** @type {Set<{ work: Promise<unknown>, interrupt(code: 'CLOSED', why: string): void }>} */
  #inFlight = new Set();
  /** @type {Map<string, Promise<unknown>>} */
  #lanes = new Map();

  /** @param {number} timeoutMs of operations that are given none */
  constructor(timeoutMs) {
    this.#timeoutMs = timeoutMs;
  }

  /**
   * @template T
   * @param {string} what for messages
   * @param {OperationOptions | undefined} options
   * @param {(context: Context) => Promise<T>} work
   * @param {string} [lane] of a write: those of one lane never overlap
   * @returns {Promise<T>}
   */
  async run(what, { signal, timeoutMs = this.#timeoutMs } = {}, work, lane) {
    if (this.#closed) throw new AccountKeeperError('CLOSED', `${what}: the driver was closed`);
    if (signal?.aborted) throw new AccountKeeperError('ABORTED', `${what} was aborted beforehand`);

    const controller = new AbortController();
    const context = { signal: controller.signal, mayHaveLanded: false };
    /** @param {'ABORTED' | 'CLOSED' | 'TIMEOUT'} code @param {string} why */
    const interrupt = (code, why) => {
      const outcome = lane === undefined ? 'not-applied' : 'unknown';
      controller.abort(new AccountKeeperError(code, `${what} ${why}`, { outcome }));
    };
    const abort = () => interrupt('ABORTED', 'was aborted');
    const late = () => interrupt('TIMEOUT', `took longer than ${timeoutMs} ms`);
    const timer = setTimeout(late, timerMs(timeoutMs));
    signal?.addEventListener('abort', abort);

    const entry = { work: lane === undefined ? work(context) : this.#inLane(lane, work, context), interrupt };
    this.#inFlight.add(entry);
    void Promise.allSettled([entry.work]).then(() => this.#inFlight.delete(entry));
    try {
      return await Promise.race([entry.work, interruption(context.signal)]);
    } catch (error) {
      if (isAccountKeeperError(error)) throw error;
      throw new AccountKeeperError('UNAVAILABLE', `${what} failed: ${error}`, {
        outcome: context.mayHaveLanded ? 'unknown' : 'not-applied',
        cause: error,
      });
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener('abort', abort);
    }
  }

  /**
   * Resolves when nothing is under way any more, and rejects when that takes too long: a call of the file system may
   * still take effect then.
   *
   * @param {OperationOptions} [options]
   */
  async close({ signal, timeoutMs = this.#timeoutMs } = {}) {
    this.#closed = true;
    const settled = Promise.allSettled(Array.from(this.#inFlight, ({ work }) => work));
    const controller = new AbortController();
    /** @param {'ABORTED' | 'TIMEOUT'} code @param {string} why */
    const giveUp = (code, why) =>
      controller.abort(new AccountKeeperError(code, `close ${why}`, { outcome: 'unknown' }));
    const abort = () => giveUp('ABORTED', 'was aborted');
    const timer = setTimeout(() => giveUp('TIMEOUT', `took longer than ${timeoutMs} ms`), timerMs(timeoutMs));
    signal?.addEventListener('abort', abort);
    if (signal?.aborted) abort();
    try {
      await Promise.race([settled, interruption(controller.signal)]);
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener('abort', abort);
      for (const { interrupt } of this.#inFlight) interrupt('CLOSED', 'was interrupted: the driver was closed');
    }
  }

  /**
   * @template T
   * @param {string} lane
   * @param {(context: Context) => Promise<T>} work
   * @param {Context} context
   */
  #inLane(lane, work, context) {
    const turn = (this.#lanes.get(lane) ?? Promise.resolve()).then(() => {
      context.signal.throwIfAborted();
      return work(context);
    });
    const settled = Promise.allSettled([turn]).then(() => {
      if (this.#lanes.get(lane) === settled) this.#lanes.delete(lane);
    });
    this.#lanes.set(lane, settled);
    return turn;
  }
}

/** What a timer takes: callers hand over fractions, and Infinity. @param {number} timeoutMs */
function timerMs(timeoutMs) {
  return Math.min(Math.max(0, Math.ceil(timeoutMs)), LONGEST_TIMER_MS);
}

/** Rejects when the signal is aborted. @param {AbortSignal} signal @returns {Promise<never>} */
function interruption(signal) {
  return new Promise((_resolve, reject) => {
    if (signal.aborted) reject(signal.reason);
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
}
