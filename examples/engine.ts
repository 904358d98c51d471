import type { AccountStateStore, EngineOrderUpdate, EngineSimplePosition, ReconcileResult } from 'accountkeeper';
import type { AccountChange, MessageOutcome, OrderFill } from 'accountkeeper/bybit';
import {
  type EngineMetadata,
  entryCount,
  NEW_SYMBOL,
  nextDailyResult,
  type PositionSide,
  type SymbolMetadata,
  trailingStop,
  withEntryCount,
  withoutSide,
  withTrailingStop,
} from './engine-metadata.js';
import type { RecordedMessage } from './recorded-message.js';
import { advanceTrailingStop } from './trailing-stop.js';

const SIDES: readonly PositionSide[] = ['LONG', 'SHORT'];

const QUOTE_ASSET = 'USDT';

const NOTHING: Pick<AccountChange, 'atMs' | 'balances'> = { atMs: undefined, balances: {} };

/** The account that the engine keeps. */
export type EngineAccount = AccountStateStore<SymbolMetadata, EngineMetadata>;

/** Puts a recorded message into an account, by the adapter of its exchange. */
export type ApplyMessage = (account: EngineAccount, message: RecordedMessage) => MessageOutcome;

/**
 * The bookkeeping of a small trading bot, for any exchange: it hands each message to the store and keeps, as metadata,
 * what follows from it. It places no orders.
 */
export class TradingEngine {
  readonly #account: EngineAccount;
  readonly #applyMessage: ApplyMessage;
  /** By symbol. Every exchange sends the current price again when its ticker is subscribed to, so it is not kept. */
  readonly #prices = new Map<string, number>();

  constructor(account: EngineAccount, applyMessage: ApplyMessage) {
    this.#account = account;
    this.#applyMessage = applyMessage;
  }

  /** How many messages the account has seen: where to go on after a restart. */
  get messagesProcessed(): number {
    return this.#account.getAccountMetadata()?.messagesProcessed ?? 0;
  }

  /**
   * One message. Its changes, the metadata that they led to and the cursor are one transaction, and so they are one
   * commit: after a restart the cursor can neither skip a message nor count one twice.
   */
  process(message: RecordedMessage): MessageOutcome {
    return this.#account.transaction(() => {
      const outcome = this.#applyMessage(this.#account, message);
      if (outcome.kind === 'applied') this.#observe(outcome);
      this.#advanceCursor(outcome);
      return outcome;
    });
  }

  /** The current price of a symbol after a restart: known again, and no reason for anything. */
  resume(ticker: RecordedMessage): void {
    const outcome = this.#applyMessage(this.#account, ticker);
    if (outcome.kind !== 'applied') return;
    for (const { symbol, price } of outcome.prices) this.#prices.set(symbol, price);
  }

  #observe(change: AccountChange): void {
    const { atMs = 0 } = change;
    for (const fill of change.fills) this.#countEntry(fill);
    for (const { symbol, side, before, after } of change.positions) {
      if (before === undefined) this.#opened(symbol, atMs);
      if (before !== undefined && after === undefined) this.#closed(symbol, side, before);
    }
    if (change.resync !== undefined) this.#resynced(change.resync, atMs);
    for (const { symbol, price } of change.prices) {
      this.#prices.set(symbol, price);
      for (const side of SIDES) this.#trail(symbol, side, price);
    }
  }

  /** An order is one entry, in however many parts it fills. */
  #countEntry({ order, first }: OrderFill): void {
    const side = sideOpenedBy(order);
    if (!first || side === undefined) return;
    this.#update(order.symbol, (metadata) => withEntryCount(metadata, side, entryCount(metadata, side) + 1));
  }

  #opened(symbol: string, atMs: number): void {
    this.#update(symbol, (metadata) => ({ ...metadata, firstOpenedAtMs: metadata.firstOpenedAtMs ?? atMs }));
  }

  #closed(symbol: string, side: PositionSide, position: EngineSimplePosition): void {
    const lastClosedPrice = this.#prices.get(symbol) ?? position.positionPrice;
    const isFlat = !this.#account.isSymbolInAnyPosition(symbol);
    this.#update(symbol, (metadata) => ({
      ...withoutSide(metadata, side),
      firstOpenedAtMs: isFlat ? null : metadata.firstOpenedAtMs,
      lastClosedPrice,
    }));
  }

  /** The fills of what happened while the connection was down were missed. */
  #resynced({ opened, closed, orphanedMetadata }: ReconcileResult, atMs: number): void {
    for (const position of closed) {
      if (position.positionSide !== 'NONE') this.#closed(position.symbol, position.positionSide, position);
    }
    for (const { symbol, positionSide: side } of opened) {
      if (side === 'NONE') continue;
      this.#opened(symbol, atMs);
      this.#update(symbol, (metadata) => withEntryCount(metadata, side, Math.max(1, entryCount(metadata, side))));
    }
    // Without the positions of before (a cold start), this is how an engine learns what was closed in between.
    for (const symbol of orphanedMetadata) {
      const metadata = this.#account.getSymbolMetadata(symbol);
      if (metadata?.firstOpenedAtMs == null) continue;
      this.#update(symbol, ({ lastClosedPrice }) => ({ ...NEW_SYMBOL, lastClosedPrice }));
    }
  }

  #trail(symbol: string, side: PositionSide, price: number): void {
    const position = this.#account.getActivePosition(symbol, side);
    if (position === undefined) return;
    const previous = trailingStop(this.#account.getSymbolMetadata(symbol) ?? NEW_SYMBOL, side);
    const next = advanceTrailingStop(side, previous, position.positionPrice, price);
    if (next !== previous) this.#update(symbol, (metadata) => withTrailingStop(metadata, side, next));
  }

  #advanceCursor(outcome: MessageOutcome): void {
    const { messagesProcessed, daily } = this.#account.getAccountMetadata() ?? { messagesProcessed: 0, daily: null };
    const { atMs, balances } = outcome.kind === 'applied' ? outcome : NOTHING;
    const balance = balances[QUOTE_ASSET];
    const isKnown = atMs !== undefined && balance !== undefined;
    this.#account.setAccountMetadata({
      messagesProcessed: messagesProcessed + 1,
      daily: isKnown ? nextDailyResult(daily, atMs, balance) : daily,
    });
  }

  #update(symbol: string, change: (metadata: SymbolMetadata) => SymbolMetadata): void {
    this.#account.updateSymbolMetadata(symbol, (previous) => change(previous ?? NEW_SYMBOL));
  }
}

/** The side that an order opens or enlarges, or `undefined` for one that closes. In one-way mode, closing orders say so. */
function sideOpenedBy({ orderSide, positionSide, isreduceOnly }: EngineOrderUpdate): PositionSide | undefined {
  const side = orderSide === 'BUY' ? 'LONG' : 'SHORT';
  return isreduceOnly === true || (positionSide !== 'NONE' && positionSide !== side) ? undefined : side;
}
