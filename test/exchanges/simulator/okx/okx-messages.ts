import type { OrderChanged, SimulatorEvent } from '../events.js';
import { type AlgoOrder, algoPush, isAdvance } from './algo-row.js';
import { accountRow } from './balance-row.js';
import { markPriceRow, tickerRow } from './market-row.js';
import { familyOf } from './okx-instrument.js';
import type { OkxVenue } from './okx-venue.js';
import { orderPush } from './order-row.js';
import { text } from './params.js';
import { briefPositionRow, positionPush } from './position-row.js';
import { type Row, time } from './row.js';

/** What a message says beside the subscription that it is for. */
export type Body = Readonly<Record<string, unknown>>;

const EVENT_TYPES: Readonly<Record<string, string>> = {
  FILL: 'filled',
  FUNDING: 'funding_fee',
  LEVERAGE: 'set_leverage',
  MARGIN: 'adjust_margin',
  TRANSFER: 'transferred',
  INSURANCE: 'claw_back',
};

/** Makes the bodies of what the channels push. */
export class OkxMessages {
  readonly #venue: OkxVenue;
  readonly #pageSize: number;

  constructor(venue: OkxVenue, pageSize: number) {
    this.#venue = venue;
    this.#pageSize = pageSize;
  }

  /** What a channel pushes at first; the regular pushes of `account` and `positions` are the same. */
  snapshot(arg: Row): readonly Body[] {
    const instId = text(arg, 'instId');
    switch (text(arg, 'channel')) {
      case 'account':
        return this.#pages(this.#funds(arg)).map(([funds, page]) => ({
          ...page,
          data: [accountRow(funds, this.#venue.funds, this.#venue.nowMs)],
        }));
      case 'positions':
        return this.#pages(this.#openPositions(arg)).map(([keys, page]) => ({
          ...page,
          data: this.#positionRows(keys),
        }));
      case 'balance_and_position':
        return [{ data: [this.#everything()] }];
      case 'algo-advance':
        return this.#venue.algoOrders
          .filter((algo) => algo.state === 'live' && isAdvance(algo.ordType) && this.covers(arg, algo.legs[0].symbol))
          .map((algo) => ({ data: [this.#algoRow(algo, '', '')] }));
      case 'tickers':
      case 'mark-price':
        return this.#venue.instruments.some((each) => each.symbol === instId) ? [this.price(arg, instId)] : [];
      default:
        return [];
    }
  }

  /** A subscription asks for an instrument. */
  covers(arg: Row, symbol: string): boolean {
    const instrument = this.#venue.instrument(symbol);
    const isAsked = (key: string, values: readonly string[]): boolean =>
      text(arg, key) === '' || values.includes(text(arg, key));
    return (
      isAsked('instType', ['SWAP', 'ANY']) &&
      isAsked('instFamily', [familyOf(instrument)]) &&
      isAsked('instId', [symbol])
    );
  }

  /** The currencies that changed, and no others. */
  account(arg: Row, assets: readonly string[]): Body | undefined {
    const ccy = text(arg, 'ccy');
    const asked = assets.filter((asset) => ccy === '' || asset === ccy);
    if (asked.length === 0) return undefined;
    const funds = asked.map((asset) => this.#venue.fundsOf(asset));
    return { eventType: 'event_update', data: [accountRow(funds, this.#venue.funds, this.#venue.nowMs)] };
  }

  /** The positions that changed, and no others. */
  positions(arg: Row, keys: readonly string[]): Body | undefined {
    const asked = keys.filter((key) => this.#isAskedPosition(arg, key));
    return asked.length === 0 ? undefined : { eventType: 'event_update', data: this.#positionRows(asked) };
  }

  /** The cash and the positions that a list of events changed; `undefined` when it changed none. */
  balanceAndPosition(events: readonly SimulatorEvent[], keys: readonly string[]): Body | undefined {
    const { nowMs } = this.#venue;
    const first = events.find((event) => event.kind === 'walletChanged' || event.kind === 'positionChanged');
    const balances = events.flatMap((event) => {
      if (event.kind !== 'walletChanged') return [];
      return [this.#balanceRow(event.asset, this.#venue.cash(event.asset, event.balance))];
    });
    const records = keys.flatMap((key) => this.#venue.positions.record(key) ?? []);
    if (first === undefined || (balances.length === 0 && records.length === 0)) return undefined;
    const moved = records.filter(
      ({ view }) => first.reason === 'MARGIN' || (first.reason === 'LEVERAGE' && view.marginMode === 'ISOLATED'),
    );
    const assets = new Set(moved.map(({ view }) => this.#venue.instrument(view.symbol).settleAsset));
    for (const asset of assets) {
      balances.push(this.#balanceRow(asset, this.#venue.cash(asset, this.#venue.engine.balances[asset] ?? '0')));
    }
    const fills = events.flatMap((event) =>
      event.kind === 'orderChanged' && event.fill !== undefined ? [event.fill] : [],
    );
    const origin = fills[0]?.origin;
    return {
      data: [
        {
          pTime: time(nowMs),
          eventType: origin === 'LIQUIDATION' ? 'liquidation' : origin === 'ADL' ? 'adl' : EVENT_TYPES[first.reason],
          balData: balances,
          posData: records.map((record) =>
            briefPositionRow(record, this.#venue.instrument(record.view.symbol).settleAsset),
          ),
          trades: fills.map((fill) => ({ instId: fill.symbol, tradeId: fill.id })),
        },
      ],
    };
  }

  order(event: OrderChanged, reqId: string): Body {
    const { order, fill } = event;
    const venue = this.#venue;
    const isAmended = event.reason === 'AMENDED';
    const price = order.price === '0' ? venue.engine.price(order.symbol) : order.price;
    return {
      data: [
        orderPush(order, venue.orderContext(order), {
          lastPrice: venue.engine.price(order.symbol),
          notionalUsd: venue.notionalUsd(order.symbol, order.quantity, price),
          fill: fill && { ...fill, notionalUsd: venue.notionalUsd(fill.symbol, fill.quantity, fill.price) },
          reqId: isAmended ? reqId : '',
          amendResult: isAmended ? '0' : '',
        }),
      ],
    };
  }

  /** An algo order as it is now; `undefined` when the event is about a leg of which nothing is to be said. */
  algo(event: OrderChanged, reqId: string): { readonly algo: AlgoOrder; readonly body: Body } | undefined {
    const { order, reason } = event;
    const algo = this.#venue.algoOrders.find(({ legs }) => legs.some((leg) => leg.id === order.id));
    if (algo === undefined) return undefined;
    if (reason === 'PLACED' && order.tags['more'] === 'true') return undefined;
    if (reason === 'ENDED' && order.end === 'TRIGGERED') return undefined;
    const isAmended = reason === 'AMENDED';
    return { algo, body: { data: [this.#algoRow(algo, isAmended ? reqId : '', isAmended ? '0' : '')] } };
  }

  price(arg: Row, symbol: string): Body {
    const price = this.#venue.engine.price(symbol);
    const rowOf = text(arg, 'channel') === 'tickers' ? tickerRow : markPriceRow;
    return { data: [rowOf(symbol, price, this.#venue.nowMs)] };
  }

  #algoRow(algo: AlgoOrder, reqId: string, amendResult: string): Row {
    const order = algo.legs[0];
    const price = order.price === '0' ? this.#venue.engine.price(order.symbol) : order.price;
    const notionalUsd = this.#venue.notionalUsd(order.symbol, order.quantity, price);
    const { nowMs } = this.#venue;
    return algoPush(algo, this.#venue.algoContext(order), { notionalUsd, reqId, amendResult, nowMs });
  }

  #positionRows(keys: readonly string[]): readonly Row[] {
    return keys.flatMap((key) => {
      const record = this.#venue.positions.record(key);
      if (record === undefined) return [];
      const view = this.#venue.view(record);
      return [positionPush(record, view, this.#venue.positionContext(view), this.#venue.nowMs)];
    });
  }

  #everything(): Row {
    const records = this.#venue.positions.keys.flatMap((key) => this.#venue.positions.record(key) ?? []);
    const open = records.filter(({ view }) => view.side !== 'NONE');
    return {
      pTime: time(this.#venue.nowMs),
      eventType: 'snapshot',
      balData: this.#venue.funds
        .filter((funds) => !funds.cash.isZero)
        .map((funds) => this.#balanceRow(funds.asset, funds.cash.toString())),
      posData: open.map((record) => briefPositionRow(record, this.#venue.instrument(record.view.symbol).settleAsset)),
      trades: open.map(({ view, tradeId }) => ({ instId: view.symbol, tradeId })),
    };
  }

  #balanceRow(ccy: string, cashBal: string): Row {
    return { ccy, cashBal, uTime: time(this.#venue.walletTime(ccy)) };
  }

  #funds(arg: Row) {
    const ccy = text(arg, 'ccy');
    return this.#venue.funds.filter((funds) => ccy === '' || funds.asset === ccy);
  }

  #openPositions(arg: Row): readonly string[] {
    return this.#venue.positions.keys.filter(
      (key) => this.#venue.positions.record(key)?.view.side !== 'NONE' && this.#isAskedPosition(arg, key),
    );
  }

  #isAskedPosition(arg: Row, key: string): boolean {
    const record = this.#venue.positions.record(key);
    return record !== undefined && this.covers(arg, record.view.symbol);
  }

  /** Splits what is too much for one message. Without anything, one empty page says so. */
  #pages<T>(all: readonly T[]): readonly (readonly [readonly T[], Body])[] {
    const count = Math.max(1, Math.ceil(all.length / this.#pageSize));
    return Array.from({ length: count }, (_, number) => [
      all.slice(number * this.#pageSize, (number + 1) * this.#pageSize),
      { eventType: 'snapshot', curPage: number + 1, lastPage: number === count - 1 },
    ]);
  }
}
