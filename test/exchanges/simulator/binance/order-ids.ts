/** Where the exchange begins to count. The numbers can have up to 19 digits. */
export interface OrderIdOptions {
  /** Every symbol counts its orders from here: two symbols can have the same id. Default: `4129466757`. */
  readonly firstOrderId?: string;
  /** The algo service counts its orders from here, over all symbols. Default: `4000001910701524`. */
  readonly firstAlgoId?: string;
}

/** Makes the ids of orders. Inside the simulator they carry what makes them unique: `BTCUSDT:7`, `ALGO:7`. */
export class OrderIds {
  readonly #firstOrderId: bigint;
  readonly #firstAlgoId: bigint;
  readonly #counts = new Map<string, bigint>();

  constructor({ firstOrderId = '4129466757', firstAlgoId = '4000001910701524' }: OrderIdOptions) {
    this.#firstOrderId = BigInt(firstOrderId);
    this.#firstAlgoId = BigInt(firstAlgoId);
  }

  next(symbol: string, isAlgo: boolean): string {
    const space = isAlgo ? 'ALGO' : symbol;
    const count = this.#counts.get(space) ?? 0n;
    this.#counts.set(space, count + 1n);
    return `${space}:${(isAlgo ? this.#firstAlgoId : this.#firstOrderId) + count}`;
  }
}

/** The id as the exchange tells it, of an id inside the simulator. */
export function exchangeId(id: string): bigint {
  return BigInt(id.slice(id.lastIndexOf(':') + 1));
}
