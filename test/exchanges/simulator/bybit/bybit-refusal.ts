import { Refusal, type RefusalCode } from '../refusal.js';

/** A request that Bybit answers with a code other than 0. */
export class BybitRefusal extends Error {
  override readonly name = 'BybitRefusal';
  readonly retCode: number;

  constructor(retCode: number, retMsg: string) {
    super(retMsg);
    this.retCode = retCode;
  }
}

const CODES: Readonly<Record<RefusalCode, readonly [number, string]>> = {
  UNKNOWN_SYMBOL: [10001, 'params error: symbol invalid'],
  UNKNOWN_ORDER: [110001, 'order not exists or too late to cancel'],
  INVALID_QUANTITY: [10001, 'Qty invalid'],
  INVALID_PRICE: [10001, 'Price invalid'],
  INVALID_LEVERAGE: [110013, 'cannot set leverage gt maxLeverage by risk limit'],
  INVALID_POSITION_SIDE: [10001, 'position idx not match position mode'],
  INVALID_AMOUNT: [110004, 'Wallet balance is insufficient'],
  DUPLICATE_CLIENT_ID: [110072, 'OrderLinkedID is duplicate'],
  WOULD_TRIGGER: [110092, 'trigger price is reached already'],
  INSUFFICIENT_MARGIN: [110007, 'ab not enough for new order'],
  NOTHING_TO_REDUCE: [110017, 'current position is zero, cannot fix reduce-only order qty'],
  NOT_OPEN: [10001, 'can not set tp/sl/ts for zero position'],
  POSITION_OR_ORDER_OPEN: [110024, 'You have an existing position, so position mode cannot be switched'],
};

/** What Bybit answers when the exchange refuses. Anything that is no refusal is thrown on. */
export function refusalOf(error: unknown): { readonly retCode: number; readonly retMsg: string } {
  if (error instanceof BybitRefusal) return { retCode: error.retCode, retMsg: error.message };
  if (!(error instanceof Refusal)) throw error;
  const [retCode, retMsg] = CODES[error.code];
  return { retCode, retMsg };
}
