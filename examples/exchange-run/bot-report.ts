import type { EngineOrder, EngineSimplePosition } from 'accountkeeper';

export type BotRequest = 'report' | 'close';

/** What the store of a bot holds, and the metadata of its symbol. */
export interface BotReport {
  readonly positions: readonly Readonly<EngineSimplePosition>[];
  readonly orders: readonly Readonly<EngineOrder>[];
  readonly balances: Readonly<Record<string, number>>;
  readonly leverage: Readonly<Record<string, number>>;
  readonly metadata: unknown;
}
