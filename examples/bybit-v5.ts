/**
 * Bybit's v5 API onto a store: REST responses and the private stream, for linear (USDT or USDC margined) contracts.
 *
 * The mapping functions are pure. {@link applyBybitMessage} puts one message into a store, wholly or not at all.
 */
import type { EngineSimplePosition } from 'accountkeeper';
import { applyOrder, applyPosition, openPositions } from './account-changes.js';
import { mapOrder } from './bybit-v5-orders.js';
import { ExchangeMessageError, Fields } from './exchange-fields.js';
import {
  type AccountTarget,
  applied,
  applyWhole,
  type ExchangeMessage,
  ignored,
  type MappingOptions,
  type MessageOutcome,
  unknown,
} from './exchange-message.js';

export { mapOrder } from './bybit-v5-orders.js';

/** Topics that hold nothing which the store keeps. */
const IGNORED_TOPICS: Readonly<Record<string, string>> = {
  execution: 'single executions: the order topic tells their sum',
  greeks: 'greeks of options',
  dcp: 'disconnection protection',
};

/** Answers to what the client itself sent on the stream. */
const CONTROL_OPERATIONS: ReadonlySet<string> = new Set(['auth', 'subscribe', 'unsubscribe', 'ping', 'pong']);

/**
 * Puts one message into the store, in one synchronous step.
 *
 * REST channels are `wallet`, `positions` and `orders`. Each must be complete: where Bybit answers in pages, join their
 * lists first, because what a snapshot does not name counts as closed.
 */
export function applyBybitMessage(
  store: AccountTarget,
  message: ExchangeMessage,
  options: MappingOptions = {},
): MessageOutcome {
  const { quoteAsset = 'USDT' } = options;
  return applyWhole(store, () => {
    const payload = new Fields(message.payload, message.channel);
    return message.transport === 'rest'
      ? applyResponse(store, message.channel, payload, quoteAsset)
      : applyStreamMessage(store, payload, quoteAsset);
  });
}

/** One entry of a positions list. A flat one has `positionSide: 'NONE'`. `entryPrice` on the stream is `avgPrice` on REST. */
export function mapPosition(item: Fields): EngineSimplePosition {
  const orderPositionSide = item.oneOf('positionIdx', { 0: 'BOTH', 1: 'LONG', 2: 'SHORT' } as const);
  const assetQty = item.number('size');
  const positionSide = assetQty === 0 ? 'NONE' : item.oneOf('side', { Buy: 'LONG', Sell: 'SHORT' } as const);
  if (positionSide !== 'NONE' && orderPositionSide !== 'BOTH' && positionSide !== orderPositionSide) {
    throw new ExchangeMessageError('side', `${positionSide} contradicts positionIdx, which says ${orderPositionSide}`);
  }
  const value = item.numberIfGiven('positionValue') ?? 0;
  return {
    symbol: item.text('symbol'),
    timestampMs: item.number('updatedTime'),
    positionSide,
    orderPositionSide,
    positionPrice: item.numberIfGiven('entryPrice') ?? item.numberIfGiven('avgPrice') ?? 0,
    assetQty,
    value,
    valueUpnl: item.numberIfGiven('unrealisedPnl') ?? 0,
    marginValue: item.numberIfGiven('positionIM') ?? value / (item.numberIfSet('leverage') ?? 1),
    liquidationPrice: item.numberIfGiven('liqPrice') ?? 0,
    stopLossPrice: item.numberIfSet('stopLoss'),
    takeProfitPrice: item.numberIfSet('takeProfit'),
  };
}

/** The wallet balance of one asset, or `undefined` when the accounts do not name it. */
export function mapWallet(accounts: readonly Fields[], asset: string): number | undefined {
  const coins = accounts.flatMap((account) => account.list('coin'));
  return coins.find((coin) => coin.text('coin') === asset)?.number('walletBalance');
}

/** The price of a ticker message: the mark price, else the last one. A delta can hold neither. */
export function mapTicker(ticker: Fields): number | undefined {
  return ticker.numberIfGiven('markPrice') ?? ticker.numberIfGiven('lastPrice');
}

function applyResponse(store: AccountTarget, channel: string, payload: Fields, quoteAsset: string): MessageOutcome {
  if (payload.number('retCode') !== 0) {
    throw new ExchangeMessageError(`${channel}.retCode`, `the request failed with ${payload.number('retCode')}`);
  }
  const asOfMs = payload.number('time');
  const result = payload.object('result');
  switch (channel) {
    case 'wallet': {
      const balance = mapWallet(result.list('list'), quoteAsset);
      if (balance === undefined) return ignored(`a wallet without ${quoteAsset}`);
      return applied({ atMs: asOfMs, balance, resync: store.reconcile({ balance, asOfMs }) });
    }
    case 'positions': {
      const items = linear(result.list('list'), result);
      applyLeverage(store, items);
      const positions = openPositions(items.map(mapPosition));
      return applied({ atMs: asOfMs, resync: store.reconcile({ positions, asOfMs }) });
    }
    case 'orders': {
      const orders = linear(result.list('list'), result).map(mapOrder);
      return applied({ atMs: asOfMs, resync: store.reconcile({ orders, asOfMs }) });
    }
    default:
      return unknown(`the REST channel ${channel}`);
  }
}

function applyStreamMessage(store: AccountTarget, payload: Fields, quoteAsset: string): MessageOutcome {
  if (payload.has('op')) return applyControlMessage(payload);
  const topic = payload.text('topic');
  const [name = ''] = topic.split('.');
  switch (name) {
    case 'wallet': {
      const balance = mapWallet(payload.list('data'), quoteAsset);
      if (balance === undefined) return ignored(`a wallet update without ${quoteAsset}`);
      store.setWalletBalance(balance);
      return applied({ atMs: payload.number('creationTime'), balance });
    }
    case 'position': {
      const items = linear(payload.list('data'), payload);
      if (items.length === 0) return ignored('positions of another category');
      const mapped = items.map(mapPosition);
      applyLeverage(store, items);
      const positions = mapped.flatMap((position) => applyPosition(store, position));
      return applied({ atMs: payload.number('creationTime'), positions });
    }
    case 'order': {
      const orders = linear(payload.list('data'), payload).map(mapOrder);
      if (orders.length === 0) return ignored('orders of another category');
      const fills = orders.flatMap((order) => applyOrder(store, order));
      return applied({ atMs: payload.number('creationTime'), fills });
    }
    case 'tickers':
      return applyTicker(store, payload);
    default:
      return Object.hasOwn(IGNORED_TOPICS, name)
        ? ignored(IGNORED_TOPICS[name] ?? name)
        : unknown(`the topic ${topic}`);
  }
}

function applyTicker(store: AccountTarget, payload: Fields): MessageOutcome {
  const data = payload.object('data');
  const price = mapTicker(data);
  if (price === undefined) return ignored('a ticker without a price');
  const tick = { symbol: data.text('symbol'), price };
  store.processPriceEvent(tick);
  return applied({ atMs: payload.number('ts'), price: tick });
}

function applyControlMessage(payload: Fields): MessageOutcome {
  const operation = payload.text('op');
  if (!CONTROL_OPERATIONS.has(operation)) return unknown(`the operation ${operation}`);
  return payload.raw('success') === false ? unknown(`${operation} was refused`) : ignored(`the answer to ${operation}`);
}

/** The list's linear contracts. The unified account's topics tell of spot, inverse and options as well. */
function linear(items: readonly Fields[], parent: Fields): readonly Fields[] {
  return items.filter((item) => (item.raw('category') ?? parent.raw('category') ?? 'linear') === 'linear');
}

/** `''` in portfolio margin mode, where leverage is not the symbol's. */
function applyLeverage(store: AccountTarget, items: readonly Fields[]): void {
  for (const item of items) {
    const leverage = item.numberIfGiven('leverage');
    if (leverage !== undefined) store.setSymbolLeverage(item.text('symbol'), leverage);
  }
}
