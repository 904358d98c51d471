import { setMaxListeners } from 'node:events';
import { type Operation, operationUntil } from '../../base/operation/operation.js';
import { orAborted, underLimit } from '../../base/operation/or-aborted.js';
import { addressText, type RedisAddress } from '../address.js';
import { networkCode, RedisFailure } from '../errors.js';
import type { RedisLink } from '../link.js';
import type { RedisLinks } from '../links.js';

/** Asks one server over a link to it. */
export type Question<T> = (link: RedisLink, operation: Operation) => Promise<T>;

/** The answers, the first one first, and the reasons why others gave none. */
export interface Answers<T> {
  readonly answers: readonly T[];
  readonly failures: readonly RedisFailure[];
}

/** Milliseconds that a server has for its answer, the connection included. */
const ANSWER_TIMEOUT_MS = 2000;

/** Milliseconds that the others have after an answer. */
const GRACE_MS = 500;

/** Milliseconds that those have who did not answer the last time, when all others have answered. */
const SHORT_GRACE_MS = 50;

/** Asks several servers the same question. */
export class RedisSurvey {
  readonly #links: RedisLinks;
  /** The names of those that did not answer the last time. */
  readonly #silent = new Set<string>();

  constructor(links: RedisLinks) {
    this.#links = links;
  }

  /**
   * Asks all at once, until all have answered or failed, or nothing has come for a while since an answer. Those that
   * have not answered by then are asked no longer.
   */
  async ask<T>(servers: Iterable<RedisAddress>, signal: AbortSignal, question: Question<T>): Promise<Answers<T>> {
    signal.throwIfAborted();
    const answers: T[] = [];
    const failures: RedisFailure[] = [];
    const pending = new Map([...servers].map((server) => [addressText(server), server]));
    const controller = new AbortController();
    const giveUp = (): void => controller.abort(signal.reason);
    setMaxListeners(0, controller.signal);
    signal.addEventListener('abort', giveUp, { once: true });
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((done) => {
      const heard = (name: string): void => {
        pending.delete(name);
        clearTimeout(timer);
        const graceMs = [...pending.keys()].every((each) => this.#silent.has(each)) ? SHORT_GRACE_MS : GRACE_MS;
        if (pending.size === 0) done();
        else if (answers.length > 0 && !controller.signal.aborted) timer = setTimeout(done, graceMs);
      };
      for (const [name, server] of pending) {
        this.#askOne(server, controller.signal, question).then(
          (answer) => {
            this.#silent.delete(name);
            answers.push(answer);
            heard(name);
          },
          (error: RedisFailure) => {
            this.#silent.add(name);
            failures.push(error);
            heard(name);
          },
        );
      }
    });
    clearTimeout(timer);
    signal.removeEventListener('abort', giveUp);
    controller.abort(new Error('the answer is known'));
    return { answers, failures };
  }

  async #askOne<T>(server: RedisAddress, signal: AbortSignal, question: Question<T>): Promise<T> {
    try {
      return await underLimit(signal, ANSWER_TIMEOUT_MS, async (limited) => {
        const link = await orAborted(this.#links.get(server, limited), limited);
        return orAborted(question(link, operationUntil(limited, 'read')), limited);
      });
    } catch (error) {
      if (error instanceof RedisFailure) throw error;
      throw new RedisFailure('unreachable', networkCode(error), addressText(server), error);
    }
  }
}

/** Why nobody has answered: what a server said, before what kept others from being asked. */
export function reasonOf({ failures }: Answers<unknown>): RedisFailure | undefined {
  return failures.find(({ kind }) => kind === 'refused') ?? failures.at(-1);
}
