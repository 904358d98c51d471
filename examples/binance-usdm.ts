/**
 * Binance's USDⓈ-M futures onto a store: REST responses and the user data stream, in one-way and in hedge mode.
 *
 * The mapping functions are pure. {@link applyBinanceMessage} puts one message into a store, wholly or not at all.
 */
import { applyOrder, applyPosition, openPositions } from './account-changes.js';
import { mapOrder, mapStreamOrder } from './binance-usdm-orders.js';
import { mapPosition, mapStreamPosition } from './binance-usdm-positions.js';
import { ExchangeMessageError, Fields, fieldsList } from './exchange-fields.js';
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

export { mapOrder, mapStreamOrder } from './binance-usdm-orders.js';
export { mapPosition, mapStreamPosition } from './binance-usdm-positions.js';

/** Events that hold nothing which the store keeps. */
const IGNORED_EVENTS: Readonly<Record<string, string>> = {
  MARGIN_CALL: 'a margin call: positions are close to liquidation',
  TRADE_LITE: 'a trade: ORDER_TRADE_UPDATE tells it in full',
  STRATEGY_UPDATE: 'a strategy of the website',
  GRID_UPDATE: 'a grid of the website',
  listenKeyExpired: 'the stream has ended: open a new one, then resync over REST',
};

/**
 * Puts one message into the store, in one synchronous step.
 *
 * REST channels are `account`, `balance`, `positionRisk` and `openOrders`, each asked for without a symbol: what a
 * snapshot does not name counts as closed. These responses carry no time of their own, so give `message.asOfMs`. Without
 * it the newest `updateTime` of the response stands in, which is safe but can leave a closed position open: nothing in
 * the response proves that it is newer than what the stream said last.
 */
export function applyBinanceMessage(
  store: AccountTarget,
  message: ExchangeMessage,
  options: MappingOptions = {},
): MessageOutcome {
  const { quoteAsset = 'USDT' } = options;
  return applyWhole(store, () =>
    message.transport === 'rest' ? applyResponse(store, message, quoteAsset) : applyEvent(store, message, quoteAsset),
  );
}

/** The wallet balance of one asset in `account` or `balance`, or `undefined` when it is not named. */
export function mapBalance(assets: readonly Fields[], asset: string): number | undefined {
  const entry = assets.find((item) => item.text('asset') === asset);
  return entry?.numberIfGiven('walletBalance') ?? entry?.number('balance');
}

/** The wallet balance of one asset in the `B` of an ACCOUNT_UPDATE, which names only what changed. */
export function mapStreamBalance(balances: readonly Fields[], asset: string): number | undefined {
  return balances.find((item) => item.text('a') === asset)?.number('wb');
}

function applyResponse(store: AccountTarget, message: ExchangeMessage, quoteAsset: string): MessageOutcome {
  const { channel, payload } = message;
  switch (channel) {
    case 'account': {
      const account = new Fields(payload, channel);
      const [assets, items] = [account.list('assets'), account.list('positions')];
      const asOfMs = snapshotTime(message, [...assets, ...items]);
      const balance = mapBalance(assets, quoteAsset);
      const resync = store.reconcile({ positions: mapPositions(store, items), balance, asOfMs });
      return applied({ atMs: asOfMs, balance, resync });
    }
    case 'balance': {
      const assets = fieldsList(payload, channel);
      const asOfMs = snapshotTime(message, assets);
      const balance = mapBalance(assets, quoteAsset);
      if (balance === undefined) return ignored(`a balance without ${quoteAsset}`);
      return applied({ atMs: asOfMs, balance, resync: store.reconcile({ balance, asOfMs }) });
    }
    case 'positionRisk': {
      const items = fieldsList(payload, channel);
      const asOfMs = snapshotTime(message, items);
      return applied({ atMs: asOfMs, resync: store.reconcile({ positions: mapPositions(store, items), asOfMs }) });
    }
    case 'openOrders': {
      const items = fieldsList(payload, channel);
      const asOfMs = snapshotTime(message, items);
      return applied({ atMs: asOfMs, resync: store.reconcile({ orders: items.map(mapOrder), asOfMs }) });
    }
    default:
      return unknown(`the REST channel ${channel}`);
  }
}

function applyEvent(store: AccountTarget, message: ExchangeMessage, quoteAsset: string): MessageOutcome {
  const outer = new Fields(message.payload, message.channel);
  // A combined stream wraps each event.
  const event = outer.has('stream') ? outer.object('data') : outer;
  if (!event.has('e') && event.has('id')) {
    return event.has('error') ? unknown('a request on the stream failed') : ignored('the answer to a request');
  }
  const name = event.text('e');
  switch (name) {
    case 'ACCOUNT_UPDATE':
      return applyAccountUpdate(store, event, quoteAsset);
    case 'ORDER_TRADE_UPDATE': {
      const item = event.object('o');
      const order = mapStreamOrder(item, store.getOrder(item.id('i'))?.createdAtMs);
      return applied({ atMs: order.updatedAtMs, fills: applyOrder(store, order) });
    }
    case 'ACCOUNT_CONFIG_UPDATE': {
      if (!event.has('ac')) return ignored('the multi-assets mode');
      const config = event.object('ac');
      store.setSymbolLeverage(config.text('s'), config.number('l'));
      return applied({ atMs: event.number('T') });
    }
    case 'markPriceUpdate':
      return applyPrice(store, event, 'p');
    case '24hrTicker':
      return applyPrice(store, event, 'c');
    default:
      return Object.hasOwn(IGNORED_EVENTS, name) ? ignored(IGNORED_EVENTS[name] ?? name) : unknown(`the event ${name}`);
  }
}

function applyAccountUpdate(store: AccountTarget, event: Fields, quoteAsset: string): MessageOutcome {
  const atMs = event.number('T');
  const account = event.object('a');
  const positions = account.listIfGiven('P').flatMap((item) => {
    const leverage = store.getSymbolLeverage(item.text('s'));
    return applyPosition(store, mapStreamPosition(item, atMs, leverage));
  });
  const balance = mapStreamBalance(account.listIfGiven('B'), quoteAsset);
  if (balance !== undefined) store.setWalletBalance(balance);
  return applied({ atMs, balance, positions });
}

function applyPrice(store: AccountTarget, event: Fields, priceField: string): MessageOutcome {
  const price = { symbol: event.text('s'), price: event.number(priceField) };
  store.processPriceEvent(price);
  return applied({ atMs: event.number('E'), price });
}

/** The open positions of a response; remembers the leverage of all that it tells. */
function mapPositions(store: AccountTarget, items: readonly Fields[]): ReturnType<typeof openPositions> {
  return openPositions(
    items.map((item) => {
      const symbol = item.text('symbol');
      const leverage = item.numberIfGiven('leverage');
      if (leverage !== undefined) store.setSymbolLeverage(symbol, leverage);
      return mapPosition(item, store.getSymbolLeverage(symbol));
    }),
  );
}

function snapshotTime({ asOfMs, channel }: ExchangeMessage, items: readonly Fields[]): number {
  const time = asOfMs ?? items.reduce((newest, item) => Math.max(newest, item.numberIfGiven('updateTime') ?? 0), 0);
  if (time > 0) return time;
  throw new ExchangeMessageError(`${channel}.asOfMs`, 'the response tells no time, so the message has to');
}
