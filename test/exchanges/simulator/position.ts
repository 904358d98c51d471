import { Decimal } from './decimal.js';
import { AMOUNT_DIGITS, contractValue, type MarketInstrument, priceOfValue, profit } from './instrument.js';

export type PositionSide = 'BOTH' | 'LONG' | 'SHORT';
export type PositionMode = 'ONE_WAY' | 'HEDGE';
export type MarginMode = 'CROSS' | 'ISOLATED';

/** A position as it is at a moment, also one without a quantity. `'0'` means none. */
export interface PositionView {
  readonly symbol: string;
  readonly positionSide: PositionSide;
  readonly side: 'LONG' | 'SHORT' | 'NONE';
  /** Never negative. */
  readonly quantity: string;
  readonly entryPrice: string;
  readonly markPrice: string;
  readonly leverage: string;
  readonly marginMode: MarginMode;
  /** At the entry price, in the settle asset. */
  readonly entryValue: string;
  /** At the mark price, in the settle asset. */
  readonly markValue: string;
  readonly isolatedMargin: string;
  readonly initialMargin: string;
  readonly maintenanceMargin: string;
  readonly unrealisedPnl: string;
  readonly liquidationPrice: string;
  /** Since ever, without fees and funding. */
  readonly realisedPnl: string;
  /** Since ever; negative amounts were received. */
  readonly fees: string;
  /** Since ever; negative amounts were paid. */
  readonly funding: string;
  /** Since the position was opened, fees and funding included. */
  readonly netProfitSinceOpened: string;
  /** 0 when it never was. */
  readonly firstOpenedAtMs: number;
  readonly openedAtMs: number;
  readonly updatedAtMs: number;
  /** Of the last change. */
  readonly sequence: number;
}

/** What one fill did to a position. */
export interface PositionFill {
  readonly realised: Decimal;
  readonly closed: Decimal;
}

/** One position: its quantity and cost follow from the fills alone. */
export class Position {
  readonly instrument: MarketInstrument;
  readonly positionSide: PositionSide;
  marginMode: MarginMode;
  /** Negative for a short. */
  quantity: Decimal = Decimal.zero;
  /** The value at entry of what is held. */
  cost: Decimal = Decimal.zero;
  isolatedMargin: Decimal = Decimal.zero;
  realised: Decimal = Decimal.zero;
  fees: Decimal = Decimal.zero;
  funding: Decimal = Decimal.zero;
  net: Decimal = Decimal.zero;
  firstOpenedAtMs = 0;
  openedAtMs = 0;
  updatedAtMs = 0;
  sequence = 0;

  constructor(instrument: MarketInstrument, positionSide: PositionSide, marginMode: MarginMode) {
    this.instrument = instrument;
    this.positionSide = positionSide;
    this.marginMode = marginMode;
  }

  /** 1 for a long, -1 for a short, 0 for none. */
  get direction(): number {
    return this.quantity.sign;
  }

  get entryPrice(): Decimal {
    return priceOfValue(this.instrument, this.quantity.abs(), this.cost);
  }

  get maintenanceMargin(): Decimal {
    return this.cost.times(Decimal.of(this.instrument.maintenanceRate)).round(AMOUNT_DIGITS);
  }

  valueAt(price: Decimal): Decimal {
    return contractValue(this.instrument, this.quantity.abs(), price);
  }

  unrealisedAt(price: Decimal): Decimal {
    return profit(this.instrument, this.direction, this.cost, this.valueAt(price)).round(AMOUNT_DIGITS);
  }

  /** How much of a signed quantity would close what is held. */
  closable(signed: Decimal): Decimal {
    if (signed.sign * this.direction >= 0) return Decimal.zero;
    return signed.abs().min(this.quantity.abs());
  }

  /** Applies a signed quantity: it closes what is against it at average cost, and opens with the rest. */
  fill(signed: Decimal, price: Decimal, leverage: Decimal, nowMs: number): PositionFill {
    const closed = this.closable(signed);
    let realised = Decimal.zero;
    if (!closed.isZero) {
      const part = closed.dividedBy(this.quantity.abs());
      const isWhole = closed.compare(this.quantity.abs()) === 0;
      const cost = isWhole ? this.cost : this.cost.times(part);
      const value = contractValue(this.instrument, closed, price);
      realised = profit(this.instrument, this.direction, cost, value).round(AMOUNT_DIGITS);
      this.cost = this.cost.minus(cost);
      this.isolatedMargin = isWhole
        ? Decimal.zero
        : this.isolatedMargin.minus(this.isolatedMargin.times(part)).round(AMOUNT_DIGITS);
      this.quantity = this.quantity.plus(signed.sign > 0 ? closed : closed.negated());
      this.realised = this.realised.plus(realised);
      this.net = this.net.plus(realised);
    }
    const opened = signed.abs().minus(closed);
    if (!opened.isZero) {
      if (this.quantity.isZero) {
        this.openedAtMs = nowMs;
        if (this.firstOpenedAtMs === 0) this.firstOpenedAtMs = nowMs;
        this.net = Decimal.zero;
      }
      const value = contractValue(this.instrument, opened, price);
      this.cost = this.cost.plus(value);
      this.quantity = this.quantity.plus(signed.sign > 0 ? opened : opened.negated());
      if (this.marginMode === 'ISOLATED') {
        this.isolatedMargin = this.isolatedMargin.plus(value.dividedBy(leverage).round(AMOUNT_DIGITS));
      }
    }
    return { realised, closed };
  }

  /** The price at which the margin that backs the position is down to the maintenance margin; 0 when none is. */
  liquidationPrice(backing: Decimal): Decimal {
    if (this.direction === 0) return Decimal.zero;
    const loss = backing.minus(this.maintenanceMargin);
    const falls = this.direction > 0 === (this.instrument.kind === 'linear');
    const value = falls ? this.cost.minus(loss) : this.cost.plus(loss);
    return value.sign <= 0 ? Decimal.zero : priceOfValue(this.instrument, this.quantity.abs(), value);
  }
}
