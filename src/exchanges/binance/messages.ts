import type { EngineOrderUpdate } from '../../core/account/types/order.js';
import { applyOrder, applyPosition } from '../shared/account-changes.js';
import type { AccountTarget } from '../shared/account-target.js';
import { readEntries } from '../shared/entries.js';
import { Fields } from '../shared/fields.js';
import { applied, applyWhole, ignored, type MessageOutcome, type OrderFill, unknown } from '../shared/outcome.js';
import { EVENT } from './names.js';
import { binanceAlgoOrderKey, binanceOrderKey, isConditional, type OrderSpace, readOrder } from './orders.js';
import { readBalance, readLeverage, readPosition } from './positions.js';

/** Options of {@link applyBinanceMessage}. */
export interface BinanceOptions {
  /** Which prices value the positions: those that Binance values them at, or those of tickers. @default both */
  readonly prices?: 'mark' | 'last' | undefined;
}

/** The events that hold nothing which the store keeps, by the reason. */
const IGNORED = Object.entries({
  'the stream has ended: reconnect and call syncBinance': 'listenKeyExpired eventStreamTerminated serverShutdown',
  'a warning: the account is close to liquidation': 'MARGIN_CALL riskLevelChange PM_PRO_ACCOUNT_UPDATE openOrderLoss',
  'another event reports the effect on the account': 'TRADE_LITE STRATEGY_UPDATE GRID_UPDATE COIN_SWAP_ORDER',
  'about the spot or the margin wallet': `outboundAccountPosition outboundAccountInfo balanceUpdate executionReport
    listStatus externalLockUpdate liabilityChange USER_LIABILITY_CHANGE MARGIN_LEVEL_STATUS_CHANGE`,
  'market data': `aggTrade trade blockTrade bookTicker depthUpdate partialBookDepth avgPrice 1hTicker 4hTicker 1dTicker
    kline continuous_kline markPrice_kline indexPrice_kline indexPriceUpdate forceOrder compositeIndex contractInfo
    assetIndexUpdate EquityUpdate CommodityUpdate`,
});

const PRICES = { markPriceUpdate: 'mark', '24hrTicker': 'last', '24hrMiniTicker': 'last' } as const;

const APPLY: Readonly<Record<string, (store: AccountTarget, event: Fields) => MessageOutcome>> = {
  ACCOUNT_UPDATE: applyAccountUpdate,
  ACCOUNT_CONFIG_UPDATE: applyConfig,
  ORDER_TRADE_UPDATE: (store, event) => applyOrderUpdate(store, event, 'order'),
  ALGO_UPDATE: (store, event) => applyOrderUpdate(store, event, 'algo'),
  CONDITIONAL_ORDER_TRADE_UPDATE: (store, event) => applyOrderUpdate(store, event, 'strategy'),
  CONDITIONAL_ORDER_TRIGGER_REJECT: applyTriggerReject,
};

/**
 * Puts one message into the store, in one synchronous step: of the user data stream of USDⓈ-M, COIN-M or portfolio
 * margin, or of public prices. Takes Binance's own field names, also in the wrapping of a combined stream, and those of
 * the `binance` SDK's beautifier. Parse with {@link parseExchangeJson}; the SDK's option is `customParseJSONFn`. An
 * account that trades COIN-M needs the store's option `instruments`.
 */
export function applyBinanceMessage(store: AccountTarget, message: unknown, options?: BinanceOptions): MessageOutcome {
  return applyWhole(store, () => {
    const content = unwrapped(message);
    const events = Array.isArray(content) ? content : [content];
    if (events.length === 0) return ignored('an empty list');
    const outer = new Fields(events.find((each) => Object(each) === each) ?? content, 'message');
    const event = outer.renamed(EVENT);
    if (outer.has('error')) return unknown(`a request failed: ${outer.object('error').textIfGiven('msg')}`);
    if (!event.has('name') && outer.has('id')) return ignored('the answer to a request');
    const name = event.text('name');
    const market = event.textIfGiven('market');
    if (!/^(usdm|coinm|portfoliom|$)/.test(market)) return ignored(`an event of the market ${market}`);
    const kind = Object.hasOwn(PRICES, name) ? event.oneOf('name', PRICES) : undefined;
    if (kind !== undefined && kind !== (options?.prices ?? kind)) return ignored(`a ${kind} price`);
    if (kind !== undefined) return applyPrices(store, events, kind);
    const reason = IGNORED.find(([, names]) => names.split(/\s+/).includes(name))?.[0];
    if (reason !== undefined) return ignored(reason);
    const apply = Object.hasOwn(APPLY, name) ? APPLY[name] : undefined;
    return apply === undefined || events === content ? unknown(`the event ${name}`) : apply(store, event);
  });
}

/** What a combined stream, or the WebSocket API, wraps. */
function unwrapped(message: unknown): unknown {
  const outer = Array.isArray(message) ? undefined : new Fields(message, 'message');
  const content = outer?.raw('data') ?? outer?.raw('event');
  return typeof content === 'object' && content !== null ? content : message;
}

function applyConfig(store: AccountTarget, event: Fields): MessageOutcome {
  if (!event.has('config')) return ignored('the multi-assets mode');
  const [symbol, leverage] = readLeverage(event.object('config')) ?? ['', 0];
  if (leverage > 0) store.setSymbolLeverage(symbol, leverage, { changed: true });
  return applied({ atMs: event.number('time') });
}

function applyAccountUpdate(store: AccountTarget, event: Fields): MessageOutcome {
  const atMs = event.number('time');
  const account = event.object('account').renamed(EVENT);
  const read = <Value>(name: string, map: (item: Fields) => Value | undefined) =>
    readEntries(account.raw(name) ?? [], name, map, () => name);
  const positions = read('positions', (item) => readPosition(item, atMs));
  const balances = read('balances', readBalance);
  const changes = positions.values.flatMap((position) => applyPosition(store, position));
  for (const [asset, balance] of balances.values) store.setWalletBalance(balance, { asset, asOfMs: atMs });
  const faults = [...positions.faults, ...balances.faults];
  return applied({ atMs, positions: changes, balances: Object.fromEntries(balances.values), faults });
}

function applyOrderUpdate(store: AccountTarget, event: Fields, space: OrderSpace): MessageOutcome {
  const atMs = event.number('time');
  const read = (item: Fields): OrderFill[] => takeOrder(store, readOrder(item, space, atMs), space);
  const { values, faults } = readEntries([event.raw('order')], space, read, () => space);
  return applied({ atMs, fills: values.flat(), faults });
}

/**
 * When a conditional order of the matching engine is triggered, it expires and goes on under its id, in the same
 * millisecond, with another type: that it expired is not final.
 */
function takeOrder(store: AccountTarget, order: EngineOrderUpdate, space: OrderSpace): OrderFill[] {
  const { exchangeOrderId: key, status, updatedAtMs } = order;
  const isFinal = status !== 'EXPIRED' || !isConditional(order) || space !== 'order';
  if (isFinal) return applyOrder(store, order);
  const held = store.getOrder(key);
  if (held === undefined || isConditional(held)) store.deleteOrder(key, updatedAtMs);
  return [];
}

/** The order of a rejected trigger is over. The event does not say in which space its id is. */
function applyTriggerReject(store: AccountTarget, event: Fields): MessageOutcome {
  const atMs = event.number('time');
  const order = event.object('order').renamed(EVENT);
  const [symbol, id] = [order.text('symbol'), order.id('id')];
  for (const key of [binanceOrderKey(symbol, id), binanceAlgoOrderKey(id)]) {
    if ((store.getOrder(key)?.symbol ?? symbol) === symbol) store.deleteOrder(key, atMs);
  }
  return applied({ atMs });
}

function applyPrices(store: AccountTarget, events: readonly unknown[], kind: 'mark' | 'last'): MessageOutcome {
  let atMs: number | undefined;
  const read = (entry: Fields) => {
    const event = entry.renamed(EVENT);
    atMs = event.number('eventTime');
    const price = { symbol: event.text('symbol'), price: event.number(`${kind}Price`) };
    // A contract that is not traded yet has the price 0.
    return price.price > 0 ? price : undefined;
  };
  const { values: prices, faults } = readEntries(events, 'prices', read, () => '');
  for (const price of prices) store.processPriceEvent(price);
  return applied({ atMs, prices, faults });
}
