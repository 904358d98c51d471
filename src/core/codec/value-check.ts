import { AccountKeeperError } from '../errors.js';
import type { Oddity } from './plain-shape.js';

/** How deep objects may be nested in each other. Far above what anybody needs, far below what the stack can take. */
export const MAX_NESTING = 1_000;

/** A property key or an array index, or a step that is written as it is, such as `.get("key")`. */
export type PathStep = string | number | { readonly verbatim: string };

const IDENTIFIER = /^[A-Za-z_$][\w$]*$/;

/** Walks a value, and throws `ENCODE` with the path of the first one that a codec does not take. */
export abstract class ValueCheck {
  readonly #expected: string;
  readonly #path: PathStep[] = [];
  #depth = 0;

  /** @param expected what the codec takes. */
  constructor(expected: string) {
    this.#expected = expected;
  }

  abstract check(value: unknown): void;

  /** Checks a value one step further. */
  protected readonly checkAt = (step: PathStep, value: unknown): void => {
    this.#path.push(step);
    this.check(value);
    this.#path.pop();
  };

  /** Goes through what an object holds; `visit` returns what is odd about the object itself. */
  protected nested(object: object, visit: (object: object) => Oddity | undefined): void {
    if (this.#depth >= MAX_NESTING) throw this.refuse(`nested deeper than ${MAX_NESTING} levels`);
    this.#depth += 1;
    const odd = visit(object);
    if (odd !== undefined) {
      if (odd.key !== undefined) this.#path.push(odd.key);
      throw this.refuse(odd.oddity);
    }
    this.#depth -= 1;
  }

  protected refuse(received: string): AccountKeeperError {
    const message = `${formatPath(this.#path)}: expected ${this.#expected}, received ${received}`;
    return new AccountKeeperError('ENCODE', message);
  }
}

/** Such as `$.trailing.stops[3]["stop price"]`. */
export function formatPath(steps: readonly PathStep[]): string {
  let path = '$';
  for (const step of steps) {
    if (typeof step === 'object') path += step.verbatim;
    else path += typeof step === 'string' && IDENTIFIER.test(step) ? `.${step}` : `[${JSON.stringify(step)}]`;
  }
  return path;
}
