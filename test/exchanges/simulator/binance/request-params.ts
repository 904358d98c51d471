import { BinanceError } from './binance-error.js';

/** The parameters of one request. */
export class RequestParams {
  readonly #params: URLSearchParams;

  constructor(params: URLSearchParams) {
    this.#params = params;
  }

  /** A parameter; `undefined` when it is missing or empty. */
  optional(name: string): string | undefined {
    const value = this.#params.get(name);
    return value === null || value === '' ? undefined : value;
  }

  required(name: string): string {
    const value = this.optional(name);
    if (value === undefined) throw missing(name);
    return value;
  }

  isTrue(name: string): boolean {
    return this.optional(name)?.toLowerCase() === 'true';
  }

  oneOf<const Value extends string>(name: string, values: readonly Value[], error: BinanceError): Value {
    const text = this.required(name);
    const found = values.find((value) => value === text);
    if (found === undefined) throw error;
    return found;
  }
}

export function missing(name: string): BinanceError {
  return new BinanceError(-1102, `Mandatory parameter '${name}' was not sent, was empty/null, or malformed.`);
}
