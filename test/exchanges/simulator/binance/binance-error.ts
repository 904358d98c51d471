import { Refusal, type RefusalCode } from '../refusal.js';

/** Why a request was refused, as the exchange says it. */
export class BinanceError extends Error {
  override readonly name = 'BinanceError';
  readonly code: number;
  readonly status: number;

  constructor(code: number, message: string, status = 400) {
    super(message);
    this.code = code;
    this.status = status;
  }
}

const ANSWERS: Readonly<Record<RefusalCode, readonly [code: number, message: string]>> = {
  UNKNOWN_SYMBOL: [-1121, 'Invalid symbol.'],
  UNKNOWN_ORDER: [-2011, 'Unknown order sent.'],
  INVALID_QUANTITY: [-4003, 'Quantity less than or equal to zero.'],
  INVALID_PRICE: [-4014, 'Price not increased by tick size.'],
  INVALID_LEVERAGE: [-4028, 'Leverage is not valid'],
  INVALID_POSITION_SIDE: [-4061, "Order's position side does not match user's setting."],
  INVALID_AMOUNT: [-4051, 'Isolated balance insufficient.'],
  DUPLICATE_CLIENT_ID: [-4116, 'ClientOrderId is duplicated.'],
  WOULD_TRIGGER: [-2021, 'Order would immediately trigger.'],
  INSUFFICIENT_MARGIN: [-2019, 'Margin is insufficient.'],
  NOTHING_TO_REDUCE: [-2022, 'ReduceOnly Order is rejected.'],
  NOT_OPEN: [-4054, 'Cannot add position margin: position is 0.'],
  POSITION_OR_ORDER_OPEN: [-4068, 'Position side cannot be changed if there exists position.'],
};

/** What the exchange answers to a refusal; `undefined` for any other error. */
export function toBinanceError(error: unknown): BinanceError | undefined {
  if (error instanceof BinanceError) return error;
  if (!(error instanceof Refusal)) return undefined;
  const [code, message] = ANSWERS[error.code];
  return new BinanceError(code, message);
}
