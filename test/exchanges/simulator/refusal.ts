/** Why the exchange did not do what it was asked for. A venue turns it into its own error codes. */
export type RefusalCode =
  | 'UNKNOWN_SYMBOL'
  | 'UNKNOWN_ORDER'
  | 'INVALID_QUANTITY'
  | 'INVALID_PRICE'
  | 'INVALID_LEVERAGE'
  | 'INVALID_POSITION_SIDE'
  | 'INVALID_AMOUNT'
  | 'DUPLICATE_CLIENT_ID'
  | 'WOULD_TRIGGER'
  | 'INSUFFICIENT_MARGIN'
  | 'NOTHING_TO_REDUCE'
  | 'NOT_OPEN'
  | 'POSITION_OR_ORDER_OPEN';

/** Thrown by an operation that the exchange refuses; nothing has changed then. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
  readonly code: RefusalCode;

  constructor(code: RefusalCode, message: string) {
    super(message);
    this.code = code;
  }
}
