/** How a symbol's contracts are valued. */
export interface Instrument {
  /**
   * `linear`: the profit is in the quote currency. `inverse`: the contract is worth a fixed amount of the quote
   * currency, and the profit is in the coin. `quanto`: as linear, in another asset. `spot`: as linear.
   */
  readonly kind: 'linear' | 'inverse' | 'quanto' | 'spot';
  /**
   * What one unit of a quantity stands for: of the base asset (`linear`, `spot`), of the quote currency (`inverse`), of
   * `settleAsset` for each point of the price (`quanto`). 1 where the exchange counts in these itself.
   */
  readonly multiplier: number;
  /** The asset that profit and margin are in. */
  readonly settleAsset: string;
}

/** Finds a symbol's instrument; `undefined` when it is not known. */
export type InstrumentLookup = (symbol: string) => Instrument | undefined;
