import type { PersistenceDriver } from '../../src/core/persistence-driver.js';
import { show } from './expectations.js';

type Method = (...args: readonly unknown[]) => unknown;

/** Knows which call of which driver threw what, so that a failure can name it. */
export class CallLog {
  readonly #throwing = new Map<unknown, string>();
  readonly #watched = new WeakMap<PersistenceDriver, PersistenceDriver>();
  #drivers = 0;
  #calls = 0;

  /** The driver, its calls watched. It behaves as it does without. */
  watched(driver: PersistenceDriver): PersistenceDriver {
    this.#drivers += 1;
    const name = `driver ${this.#drivers}`;
    // The target is another object: the driver may be frozen, and its methods may use private fields.
    const watched = new Proxy({} as PersistenceDriver, {
      get: (_target, property) => {
        const value = Reflect.get(driver, property, driver) as unknown;
        if (typeof value !== 'function' || typeof property === 'symbol') return value;
        return (...args: readonly unknown[]) => this.#call(name, property, args, value.bind(driver) as Method);
      },
    });
    this.#watched.set(watched, driver);
    return watched;
  }

  /** The driver itself, which what a subject was handed may be compared with. */
  unwatched(driver: PersistenceDriver): PersistenceDriver {
    return this.#watched.get(driver) ?? driver;
  }

  /** The call that threw the error or one of its causes, if one did. */
  callThatThrew(error: unknown): string | undefined {
    let current = error;
    for (let depth = 0; depth < 10 && current !== undefined; depth += 1) {
      const call = this.#throwing.get(current);
      if (call !== undefined) return call;
      current = current instanceof Error ? current.cause : undefined;
    }
    return undefined;
  }

  #call(driver: string, method: string, args: readonly unknown[], run: Method): unknown {
    this.#calls += 1;
    const number = this.#calls;
    const note = (error: unknown): void => {
      if (this.#throwing.has(error)) return;
      this.#throwing.set(error, `${method}(${args.map(shown).join(', ')}), call ${number} of the clause, by ${driver}`);
    };
    try {
      const result = run(...args);
      if (result instanceof Promise) result.catch(note);
      return method === 'accounts' ? noting(result as AsyncIterable<string>, note) : result;
    } catch (error) {
      note(error);
      throw error;
    }
  }
}

/** The listing, whose failures are noted. */
function noting(listing: AsyncIterable<string>, note: (error: unknown) => void): AsyncIterable<string> {
  return {
    [Symbol.asyncIterator]: () => {
      const iterator = listing[Symbol.asyncIterator]();
      const next = (): Promise<IteratorResult<string>> => {
        const result = iterator.next();
        result.catch(note);
        return result;
      };
      if (iterator.return === undefined) return { next };
      return { next, return: iterator.return.bind(iterator) };
    },
  };
}

/** An argument of a call: ids as they are, of a batch how much it holds, of options what is given. */
function shown(argument: unknown): string {
  if (typeof argument !== 'object' || argument === null) return show(argument);
  const fields = Object.entries(argument).map(([name, value]) => {
    if (value instanceof Map || value instanceof Set) return `${name}: ${value.size}`;
    if (value instanceof AbortSignal) return value.aborted ? `${name}: aborted` : name;
    return `${name}: ${show(value)}`;
  });
  return `{ ${fields.join(', ')} }`;
}
