import { Refusal, type RefusalCode } from '../refusal.js';

/** Says no in the way of OKX: with a code of its list and a text. */
export class OkxError extends Error {
  override readonly name = 'OkxError';
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

const ANSWERS: Readonly<Record<RefusalCode, readonly [code: string, message: string]>> = {
  UNKNOWN_SYMBOL: ['51001', "Instrument ID, Instrument ID code, or Spread ID doesn't exist."],
  UNKNOWN_ORDER: ['51603', 'Order does not exist'],
  INVALID_QUANTITY: ['51121', 'Order quantity must be a multiple of the lot size.'],
  INVALID_PRICE: ['51000', 'Parameter px error'],
  INVALID_LEVERAGE: ['59102', 'Leverage exceeds the maximum limit. Please lower the leverage.'],
  INVALID_POSITION_SIDE: ['51000', 'Parameter posSide error'],
  INVALID_AMOUNT: ['59301', 'Margin adjustment failed for exceeding the max limit'],
  DUPLICATE_CLIENT_ID: ['51016', 'Client order ID already exists.'],
  WOULD_TRIGGER: ['51000', 'Parameter triggerPx error'],
  INSUFFICIENT_MARGIN: ['51008', 'Order failed. Insufficient margin in account'],
  NOTHING_TO_REDUCE: [
    '51169',
    "Order failed because you don't have any positions in this direction for this contract to reduce or close.",
  ],
  NOT_OPEN: ['59300', 'Margin call failed. Position does not exist.'],
  POSITION_OR_ORDER_OPEN: [
    '59000',
    'Setting failed. Cancel any open orders, close positions, and stop trading bots first.',
  ],
};

/** What OKX says where the engine refused; rethrows what is no refusal. */
export function okxErrorOf(error: unknown): OkxError {
  if (error instanceof OkxError) return error;
  if (!(error instanceof Refusal)) throw error;
  return new OkxError(...ANSWERS[error.code]);
}
