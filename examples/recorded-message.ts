/** One message of an exchange, as it was recorded. */
export interface RecordedMessage {
  readonly transport: 'rest' | 'ws';
  /** The question that a REST response answers: `positions`, `openOrders`, … A stream's message names itself in its payload. */
  readonly channel: string;
  /** The parsed JSON, as the exchange sent it. */
  readonly payload: unknown;
  /** REST only: the exchange's time before the request was sent, in milliseconds since the Unix epoch. */
  readonly asOfMs?: number | undefined;
}
