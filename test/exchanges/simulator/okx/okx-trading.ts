import { Decimal } from '../decimal.js';
import type { SimulatorEvent } from '../events.js';
import { isActive, type OrderRequest, type OrderSide, type OrderView } from '../order.js';
import type { MarginMode, PositionSide } from '../position.js';
import type { AlgoOrder } from './algo-row.js';
import { attachedTag, attachedTo } from './attached-algo.js';
import { OkxError, okxErrorOf } from './okx-error.js';
import { algoClOrdIdOf, algoIdOf, clOrdIdOf, engineAlgoClientId, engineAlgoId, isAlgo } from './okx-id.js';
import { isPending, keyOfOrder, type OkxVenue } from './okx-venue.js';
import { amount, isTrue, needed, oneOf, text, wrong } from './params.js';
import { keyOf } from './position-book.js';
import type { Row } from './row.js';

type Kind = Pick<OrderRequest, 'type' | 'timeInForce'>;

/** A conditional order to be placed. */
interface Leg {
  readonly name: 'tp' | 'sl' | '';
  readonly request: Omit<OrderRequest, 'symbol' | 'side'>;
}

const KINDS: Readonly<Record<string, Kind>> = {
  market: { type: 'MARKET' },
  limit: { type: 'LIMIT', timeInForce: 'GTC' },
  post_only: { type: 'LIMIT', timeInForce: 'POST_ONLY' },
  fok: { type: 'LIMIT', timeInForce: 'FOK' },
  ioc: { type: 'LIMIT', timeInForce: 'IOC' },
  optimal_limit_ioc: { type: 'MARKET' },
};

const NO_ORDER_TO_CANCEL = new OkxError(
  '51400',
  'Order cancellation failed as the order has been filled, canceled or does not exist.',
);
const NO_ORDER_TO_AMEND = new OkxError('51503', 'Your order has already been filled or canceled.');

/** Places, amends and cancels orders for the requests that OKX takes. Every method throws an {@link OkxError}. */
export class OkxTrading {
  readonly #venue: OkxVenue;
  #reqId = '';

  constructor(venue: OkxVenue) {
    this.#venue = venue;
  }

  /** The `reqId` of the amendment that is under way; `''` outside of one. */
  get reqId(): string {
    return this.#reqId;
  }

  // Plain orders

  placeOrder(params: Row): Row {
    const order = this.#try(() => {
      const kind = KINDS[needed(params, 'ordType')];
      if (kind === undefined) throw wrong('ordType');
      const price = amount(params, 'px');
      const clientId = text(params, 'clOrdId');
      return this.#venue.engine.placeOrder({
        ...this.#common(params),
        ...kind,
        quantity: amount(params, 'sz') ?? '0',
        ...(kind.type === 'LIMIT' && price !== undefined && { price }),
        reduceOnly: isTrue(params, 'reduceOnly') && this.#venue.engine.positionMode === 'ONE_WAY',
        ...(clientId !== '' && { clientId }),
        tags: { ...tagsOf(params), ...attachedTag(params) },
      });
    });
    return { clOrdId: clOrdIdOf(order), ordId: order.id, sMsg: 'Order placed', tag: text(params, 'tag') };
  }

  cancelOrder(params: Row): Row {
    const { engine } = this.#venue;
    const order = this.#try(() => engine.cancel(this.#pending(params, NO_ORDER_TO_CANCEL).id));
    return { clOrdId: clOrdIdOf(order), ordId: order.id };
  }

  amendOrder(params: Row): Row {
    const quantity = amount(params, 'newSz');
    const price = amount(params, 'newPx');
    const order = this.#try(() => {
      const { id } = this.#pending(params, NO_ORDER_TO_AMEND);
      return this.#amending(params, () =>
        this.#venue.engine.amend(id, {
          ...(quantity !== undefined && { quantity }),
          ...(price !== undefined && { price }),
        }),
      );
    });
    return { clOrdId: clOrdIdOf(order), ordId: order.id, reqId: text(params, 'reqId') };
  }

  closePosition(params: Row): Row {
    const posSide = text(params, 'posSide') || 'net';
    const mgnMode = oneOf(params, 'mgnMode', ['cross', 'isolated']);
    const common = this.#common({ ...params, tdMode: mgnMode, side: 'buy', posSide });
    const key = `${common.symbol} ${common.positionSide} ${common.marginMode}`;
    const view = this.#venue.engine.positions.find((each) => keyOf(each) === key && each.side !== 'NONE');
    if (view === undefined) throw new OkxError('51023', "Position doesn't exist.");
    if (isTrue(params, 'autoCxl')) {
      this.#venue.engine.cancelAll((order) => isPending(order) && order.reduceOnly && keyOfOrder(order) === key);
    }
    const side = view.side === 'LONG' ? 'SELL' : 'BUY';
    const clientId = text(params, 'clOrdId');
    this.#try(() =>
      this.#venue.engine.placeOrder({
        ...common,
        side,
        type: 'MARKET',
        quantity: view.quantity,
        reduceOnly: true,
        ...(clientId !== '' && { clientId }),
        tags: { ...tagsOf(params), reduceOnly: 'true' },
      }),
    );
    return { clOrdId: clientId, instId: common.symbol, posSide, tag: text(params, 'tag') };
  }

  /** An order that OKX still knows, by its id or the client's; the newest of those with the client's. */
  find(params: Row): OrderView | undefined {
    const ordId = text(params, 'ordId');
    const clOrdId = text(params, 'clOrdId');
    if (ordId === '' && clOrdId === '') throw new OkxError('51003', 'Either client order ID or order ID is required.');
    const instId = needed(params, 'instId');
    return this.#venue.plainOrders
      .filter((order) => (ordId === '' ? clOrdIdOf(order) === clOrdId : order.id === ordId) && order.symbol === instId)
      .at(-1);
  }

  // Algo orders

  placeAlgo(params: Row): Row {
    const algoClOrdId = text(params, 'algoClOrdId');
    const algoId = this.#try(() => {
      const common = this.#common(params);
      const legs = this.#legs(params, common.symbol, common.side);
      const id = this.#venue.newAlgoId();
      const tags = { ...tagsOf(params), ordType: needed(params, 'ordType'), algoClOrdId };
      legs.forEach(({ name, request }, number) => {
        this.#venue.expectAlgoId(engineAlgoId(id, legs.length > 1 ? name : ''));
        this.#venue.engine.placeOrder({
          ...common,
          ...request,
          ...(algoClOrdId !== '' && number === 0 && { clientId: engineAlgoClientId(algoClOrdId) }),
          tags: { ...tags, ...(number < legs.length - 1 && { more: 'true' }) },
        });
      });
      return id;
    });
    return { algoClOrdId, algoId, clOrdId: '', tag: text(params, 'tag') };
  }

  cancelAlgo(params: Row): Row {
    const algo = this.#liveAlgo(params);
    const leg = algo.legs.find(isActive);
    if (leg !== undefined) this.#venue.engine.cancel(leg.id);
    return { algoClOrdId: algoClOrdIdOf(algo.legs[0]), algoId: algo.algoId, clOrdId: '', tag: '' };
  }

  amendAlgo(params: Row): Row {
    const algo = this.#liveAlgo(params);
    const quantity = amount(params, 'newSz');
    this.#try(() => {
      this.#amending(params, () => {
        for (const leg of algo.legs) {
          const prefix = algo.ordType === 'trigger' ? 'new' : leg.type.startsWith('TAKE_PROFIT') ? 'newTp' : 'newSl';
          const triggerPrice = amount(params, `${prefix}TriggerPx`);
          const price = text(params, `${prefix}OrdPx`) === '-1' ? undefined : amount(params, `${prefix}OrdPx`);
          const changes = {
            ...(quantity !== undefined && { quantity }),
            ...(triggerPrice !== undefined && { triggerPrice }),
            ...(price !== undefined && { price }),
          };
          if (Object.keys(changes).length > 0) this.#venue.engine.amend(leg.id, changes);
        }
      });
    });
    return { algoClOrdId: algoClOrdIdOf(algo.legs[0]), algoId: algo.algoId, reqId: text(params, 'reqId') };
  }

  /** An algo order by its id or the client's; the newest of those with the client's. */
  findAlgo(params: Row): AlgoOrder | undefined {
    const algoId = text(params, 'algoId');
    const algoClOrdId = text(params, 'algoClOrdId');
    if (algoId === '' && algoClOrdId === '') throw new OkxError('51000', 'Parameter algoId or algoClOrdId error');
    return this.#venue.algoOrders
      .filter((algo) => (algoId === '' ? algoClOrdIdOf(algo.legs[0]) === algoClOrdId : algo.algoId === algoId))
      .at(-1);
  }

  /** Ends the other leg of an `oco` of which one leg ended in any way: the two are one order. */
  endSiblings(events: readonly SimulatorEvent[]): void {
    for (const event of events) {
      if (event.kind !== 'orderChanged' || (event.reason !== 'TRIGGERED' && event.reason !== 'ENDED')) continue;
      const { order } = event;
      if (!isAlgo(order.id) || order.tags['ordType'] !== 'oco') continue;
      const legs = this.#venue.algoOrder(algoIdOf(order.id))?.legs ?? [];
      const others = legs.filter((leg) => leg.id !== order.id && isActive(leg));
      for (const other of others) this.#venue.engine.end(other.id, 'CANCELLED', 'TRIGGERED');
    }
  }

  /** Does what OKX does by itself: ends what closes a position that is closed, places what was attached to an order. */
  follow(events: readonly SimulatorEvent[]): void {
    for (const event of events) {
      if (event.kind === 'positionChanged' && event.position.side === 'NONE') this.#endClosing(keyOf(event.position));
      const isFilled = event.kind === 'orderChanged' && event.reason === 'FILL' && event.order.status === 'FILLED';
      if (isFilled) this.#placeAttached(event.order);
    }
  }

  #endClosing(key: string): void {
    for (const order of this.#venue.engine.activeOrders) {
      const isBound = order.closePosition || order.tags['cxlOnClosePos'] === 'true';
      if (keyOfOrder(order) !== key || !(isAlgo(order.id) ? isBound : order.reduceOnly)) continue;
      // The end of one leg may have been that of the other.
      const now = this.#venue.engine.order(order.id);
      if (now !== undefined && isActive(now)) this.#venue.engine.end(order.id, 'CANCELLED', 'NOTHING_TO_REDUCE');
    }
  }

  #placeAttached(order: OrderView): void {
    for (const attached of attachedTo(order)) {
      const isBoth = text(attached, 'tpTriggerPx') !== '' && text(attached, 'slTriggerPx') !== '';
      const params = {
        ...attached,
        instId: order.symbol,
        tdMode: order.marginMode === 'CROSS' ? 'cross' : 'isolated',
        side: order.side === 'BUY' ? 'sell' : 'buy',
        ...(order.positionSide !== 'BOTH' && { posSide: order.positionSide === 'LONG' ? 'long' : 'short' }),
        ordType: isBoth ? 'oco' : 'conditional',
        sz: text(attached, 'sz') || order.executed,
        reduceOnly: 'true',
        algoClOrdId: text(attached, 'attachAlgoClOrdId'),
      };
      try {
        this.placeAlgo(params);
      } catch (error) {
        // Where the price is past it already, OKX does not place it.
        okxErrorOf(error);
      }
    }
  }

  #legs(params: Row, symbol: string, side: OrderSide): readonly Leg[] {
    const ordType = oneOf(params, 'ordType', ['conditional', 'oco', 'trigger', 'move_order_stop']);
    const isWhole = text(params, 'closeFraction') !== '';
    if (isWhole && (text(params, 'closeFraction') !== '1' || ordType === 'trigger')) throw wrong('closeFraction');
    const size = isWhole ? { closePosition: true } : { quantity: amount(params, 'sz') ?? '0' };
    const common = {
      ...size,
      reduceOnly: isTrue(params, 'reduceOnly') && this.#venue.engine.positionMode === 'ONE_WAY',
    };
    const last = this.#venue.engine.price(symbol);
    if (ordType === 'move_order_stop') return [{ name: '', request: { ...common, ...trailingOf(params) } }];
    if (ordType === 'trigger') {
      const triggerPrice = amount(params, 'triggerPx') ?? needed(params, 'triggerPx');
      const price = limitOf(params, 'orderPx');
      const type = price === undefined ? 'STOP_MARKET' : 'STOP';
      const triggerWhen = Decimal.of(triggerPrice).compare(Decimal.of(last)) > 0 ? 'RISES' : 'FALLS';
      return [
        { name: '', request: { ...common, type, triggerPrice, triggerWhen, ...(price !== undefined && { price }) } },
      ];
    }
    const tp = takeProfitOf(params, side, last);
    const sl = stopLossOf(params, side, last);
    if (ordType === 'oco' && (tp === undefined || sl === undefined))
      throw wrong(tp === undefined ? 'tpTriggerPx' : 'slTriggerPx');
    // Of a one-way order with both, only the stop loss counts.
    const legs = ordType === 'oco' ? [tp, sl] : [sl ?? tp];
    const given = legs.flatMap((leg) => (leg === undefined ? [] : [leg]));
    if (given.length === 0) throw wrong('slTriggerPx');
    return given.map(({ name, request }) => ({ name, request: { ...common, ...request } }));
  }

  #common(params: Row): {
    readonly symbol: string;
    readonly side: OrderSide;
    readonly positionSide: PositionSide;
    readonly marginMode: MarginMode;
  } {
    const symbol = needed(params, 'instId');
    if (!this.#venue.instruments.some((each) => each.symbol === symbol)) {
      throw new OkxError('51001', "Instrument ID, Instrument ID code, or Spread ID doesn't exist.");
    }
    const marginMode = oneOf(params, 'tdMode', ['cross', 'isolated']) === 'cross' ? 'CROSS' : 'ISOLATED';
    const side = oneOf(params, 'side', ['buy', 'sell']) === 'buy' ? 'BUY' : 'SELL';
    return { symbol, side, marginMode, positionSide: this.#positionSide(params) };
  }

  #positionSide(params: Row): PositionSide {
    const word = text(params, 'posSide') || 'net';
    const isHedged = this.#venue.engine.positionMode === 'HEDGE';
    if (isHedged ? word === 'long' || word === 'short' : word === 'net') {
      return word === 'net' ? 'BOTH' : word === 'long' ? 'LONG' : 'SHORT';
    }
    throw wrong('posSide');
  }

  #pending(params: Row, otherwise: OkxError): OrderView {
    const order = this.find(params);
    if (order === undefined || !isPending(order)) throw otherwise;
    return order;
  }

  #liveAlgo(params: Row): AlgoOrder {
    const algo = this.findAlgo(params);
    if (algo?.state !== 'live') throw NO_ORDER_TO_CANCEL;
    return algo;
  }

  #amending<T>(params: Row, operation: () => T): T {
    this.#reqId = text(params, 'reqId');
    try {
      return operation();
    } finally {
      this.#reqId = '';
    }
  }

  #try<T>(operation: () => T): T {
    try {
      return operation();
    } catch (error) {
      throw okxErrorOf(error);
    }
  }
}

function tagsOf(params: Row): Readonly<Record<string, string>> {
  const keys = ['tag', 'reduceOnly', 'cxlOnClosePos', 'tpTriggerPxType', 'slTriggerPxType', 'triggerPxType'];
  return Object.fromEntries(keys.map((key) => [key, text(params, key)]).filter(([, value]) => value !== ''));
}

function takeProfitOf(params: Row, side: OrderSide, last: string): Leg | undefined {
  const triggerPrice = amount(params, 'tpTriggerPx');
  if (triggerPrice === undefined) return undefined;
  const beyond = Decimal.of(triggerPrice).compare(Decimal.of(last));
  if (side === 'BUY' && beyond >= 0)
    throw new OkxError('51277', 'TP trigger price cannot be higher than the last price');
  if (side === 'SELL' && beyond <= 0)
    throw new OkxError('51279', 'TP trigger price cannot be lower than the last price');
  const price = limitOf(params, 'tpOrdPx');
  const type = price === undefined ? 'TAKE_PROFIT_MARKET' : 'TAKE_PROFIT';
  return { name: 'tp', request: { type, triggerPrice, ...(price !== undefined && { price }) } };
}

function stopLossOf(params: Row, side: OrderSide, last: string): Leg | undefined {
  const triggerPrice = amount(params, 'slTriggerPx');
  if (triggerPrice === undefined) return undefined;
  const beyond = Decimal.of(triggerPrice).compare(Decimal.of(last));
  if (side === 'BUY' && beyond <= 0)
    throw new OkxError('51278', 'SL trigger price cannot be lower than the last price');
  if (side === 'SELL' && beyond >= 0)
    throw new OkxError('51280', 'SL trigger price cannot be higher than the last price');
  const price = limitOf(params, 'slOrdPx');
  const type = price === undefined ? 'STOP_MARKET' : 'STOP';
  return { name: 'sl', request: { type, triggerPrice, ...(price !== undefined && { price }) } };
}

function trailingOf(params: Row): Pick<OrderRequest, 'type' | 'trailing'> {
  const rate = amount(params, 'callbackRatio');
  const distance = amount(params, 'callbackSpread');
  const activationPrice = amount(params, 'activePx');
  const active = activationPrice === undefined ? {} : { activationPrice };
  if (rate !== undefined) return { type: 'TRAILING_STOP_MARKET', trailing: { rate, ...active } };
  if (distance === undefined) throw wrong('callbackRatio');
  return { type: 'TRAILING_STOP_MARKET', trailing: { distance, ...active } };
}

/** A limit price; `undefined` for a market order, of which the price is -1. */
function limitOf(params: Row, key: string): string | undefined {
  return needed(params, key) === '-1' ? undefined : amount(params, key);
}
