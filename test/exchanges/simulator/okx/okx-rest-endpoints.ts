import { isActive, type OrderView } from '../order.js';
import { type AlgoOrder, algoRow } from './algo-row.js';
import { accountRow } from './balance-row.js';
import { instrumentRow, markPriceRow, tickerRow } from './market-row.js';
import { OkxError, okxErrorOf } from './okx-error.js';
import { familyOf, type OkxInstrument } from './okx-instrument.js';
import type { OkxTrading } from './okx-trading.js';
import { isPending, type OkxVenue } from './okx-venue.js';
import { fillRow, orderRow } from './order-row.js';
import { list, needed, oneOf, text, wrong } from './params.js';
import { positionRow } from './position-row.js';
import { type Row, sorted } from './row.js';

/** What a request carries: its query, or its body. */
export interface OkxRequest {
  readonly method: string;
  readonly path: string;
  /** Of the query, or of a body that is an object. */
  readonly params: Row;
  /** Of a body that is a list; otherwise the parameters alone. */
  readonly items: readonly Row[];
}

export interface OkxAnswer {
  readonly code: string;
  readonly data: readonly Row[];
  readonly msg: string;
}

const MAX_PAGE = 100;
const MAX_BATCH = 20;

/** Answers requests of REST, and the trade requests of the WebSocket side. */
export class OkxEndpoints {
  readonly #venue: OkxVenue;
  readonly #trading: OkxTrading;
  readonly #answers: ReadonlyMap<string, (request: OkxRequest) => OkxAnswer>;

  constructor(venue: OkxVenue, trading: OkxTrading) {
    this.#venue = venue;
    this.#trading = trading;
    this.#answers = new Map([...this.#reads(), ...this.#settings(), ...this.#trades()]);
  }

  /** Answers a request; `undefined` when there is no such endpoint. */
  answer(request: OkxRequest): OkxAnswer | undefined {
    const answer = this.#answers.get(`${request.method} ${request.path}`);
    if (answer === undefined) return undefined;
    try {
      return answer(request);
    } catch (error) {
      const { code, message } = okxErrorOf(error);
      return { code, data: [], msg: message };
    }
  }

  /** Answers a trade request of the WebSocket side. */
  trade(op: string, items: readonly Row[]): OkxAnswer | undefined {
    const names: Readonly<Record<string, string>> = {
      order: 'batch-orders',
      'batch-orders': 'batch-orders',
      'cancel-order': 'cancel-batch-orders',
      'batch-cancel-orders': 'cancel-batch-orders',
      'amend-order': 'amend-batch-orders',
      'batch-amend-orders': 'amend-batch-orders',
    };
    const name = names[op];
    if (name === undefined) return undefined;
    return this.answer({ method: 'POST', path: `/api/v5/trade/${name}`, params: items[0] ?? {}, items });
  }

  // Reading

  #reads(): readonly [string, (request: OkxRequest) => OkxAnswer][] {
    const get = (
      path: string,
      rowsOf: (params: Row) => readonly Row[],
    ): [string, (request: OkxRequest) => OkxAnswer] => [`GET /api/v5/${path}`, ({ params }) => ok(rowsOf(params))];
    return [
      get('public/time', () => [{ ts: String(this.#venue.nowMs) }]),
      get('public/instruments', (params) => this.#instruments(params)),
      get('account/instruments', (params) => this.#instruments(params)),
      get('market/tickers', (params) => this.#prices(needed(params, 'instType'), params, tickerRow)),
      get('market/ticker', (params) => this.#prices('SWAP', { instId: needed(params, 'instId') }, tickerRow)),
      get('public/mark-price', (params) => this.#prices(needed(params, 'instType'), params, markPriceRow)),
      get('account/config', () => [this.#config()]),
      get('account/balance', (params) => [this.#balance(params)]),
      get('account/positions', (params) => this.#positions(params)),
      get('account/leverage-info', (params) => this.#leverage(params)),
      get('trade/order', (params) => [this.#order(params)]),
      get('trade/orders-pending', (params) => this.#orders(params, isPending)),
      get('trade/orders-history', (params) => {
        needed(params, 'instType');
        return this.#orders(params, (order) => !isActive(order));
      }),
      get('trade/fills', (params) => this.#fills(params)),
      get('trade/order-algo', (params) => [this.#algoOrder(params)]),
      get('trade/orders-algo-pending', (params) => this.#algoOrders(params, (algo) => algo.state === 'live')),
      get('trade/orders-algo-history', (params) => {
        if (text(params, 'state') === '' && text(params, 'algoId') === '') throw wrong('state');
        return this.#algoOrders(params, (algo) => algo.state !== 'live');
      }),
    ];
  }

  #instruments(params: Row): readonly Row[] {
    const all = this.#venue.instruments.map((instrument, number) => ({ instrument, number }));
    return all
      .filter(({ instrument }) => needed(params, 'instType') === 'SWAP' && isOf(params, instrument))
      .map(({ instrument, number }) => instrumentRow(instrument, number));
  }

  #prices(instType: string, params: Row, rowOf: (instId: string, price: string, nowMs: number) => Row): readonly Row[] {
    return this.#venue.instruments
      .filter((instrument) => instType === 'SWAP' && isOf(params, instrument))
      .map(({ symbol }) => rowOf(symbol, this.#venue.engine.price(symbol), this.#venue.nowMs));
  }

  #config(): Row {
    return sorted({
      acctLv: '2',
      acctStpMode: 'cancel_maker',
      autoLoan: false,
      ctIsoMode: 'automatic',
      discountType: '0',
      enableSpotBorrow: false,
      feeType: '0',
      greeksType: 'PA',
      ip: '',
      kycLv: '3',
      label: 'simulator',
      level: 'Lv1',
      levelTmp: '',
      liquidationGear: '-1',
      mainUid: this.#venue.uid,
      mgnIsoMode: 'automatic',
      opAuth: '0',
      perm: 'read_only,trade',
      posMode: this.#posMode(),
      roleType: '0',
      settleCcy: '',
      settleCcyList: [],
      spotBorrowAutoRepay: false,
      spotOffsetType: '',
      spotRoleType: '0',
      spotTraderInsts: [],
      stgyType: '0',
      traderInsts: [],
      type: '0',
      uid: this.#venue.uid,
    });
  }

  #balance(params: Row): Row {
    const asked = list(params, 'ccy');
    const all = this.#venue.funds;
    const details = all.filter(({ asset }) => asked.length === 0 || asked.includes(asset));
    return accountRow(details, all, this.#venue.nowMs);
  }

  /** Positions without a quantity are listed when their instrument or their id is asked for. */
  #positions(params: Row): readonly Row[] {
    const instIds = list(params, 'instId');
    const posIds = list(params, 'posId');
    const instType = text(params, 'instType');
    return this.#venue.positions.keys.flatMap((key) => {
      const record = this.#venue.positions.record(key);
      if (record === undefined || (instType !== '' && instType !== 'SWAP')) return [];
      const view = this.#venue.view(record);
      const isAsked =
        (instIds.length === 0 || instIds.includes(view.symbol)) &&
        (posIds.length === 0 || posIds.includes(record.posId));
      if (!isAsked || (view.side === 'NONE' && instIds.length === 0 && posIds.length === 0)) return [];
      return [positionRow(record, view, this.#venue.positionContext(view))];
    });
  }

  #leverage(params: Row): readonly Row[] {
    const mgnMode = oneOf(params, 'mgnMode', ['cross', 'isolated']);
    const isBySide = this.#venue.engine.positionMode === 'HEDGE';
    needed(params, 'instId');
    return list(params, 'instId').flatMap((instId) => {
      const lever = this.#venue.engine.leverage(instId, mgnMode === 'cross' ? 'CROSS' : 'ISOLATED');
      const sides = isBySide ? ['long', 'short'] : ['net'];
      return sides.map((posSide) => ({ ccy: '', instId, lever, mgnMode, posSide }));
    });
  }

  #order(params: Row): Row {
    const order = this.#trading.find(params);
    if (order === undefined) throw new OkxError('51603', 'Order does not exist');
    return orderRow(order, this.#venue.orderContext(order));
  }

  #orders(params: Row, isListed: (order: OrderView) => boolean): readonly Row[] {
    const listed = this.#venue.plainOrders.filter(
      (order) => isListed(order) && isOf(params, this.#venue.instrument(order.symbol)),
    );
    const all = listed.map((order) => orderRow(order, this.#venue.orderContext(order)));
    const asked = all.filter((row) => isWord(params, 'ordType', row) && isWord(params, 'state', row));
    return page(asked.reverse(), 'ordId', params);
  }

  #fills(params: Row): readonly Row[] {
    const ordId = text(params, 'ordId');
    const all = this.#venue.engine.fills.flatMap((fill) => {
      const order = this.#venue.engine.order(fill.orderId);
      const isAsked = isOf(params, this.#venue.instrument(fill.symbol)) && (ordId === '' || fill.orderId === ordId);
      return order !== undefined && isAsked ? [fillRow(fill, order)] : [];
    });
    return page(all.reverse(), 'billId', params);
  }

  #algoOrder(params: Row): Row {
    const algo = this.#trading.findAlgo(params);
    if (algo === undefined) throw new OkxError('51603', 'Order does not exist');
    return algoRow(algo, this.#venue.algoContext(algo.legs[0]));
  }

  #algoOrders(params: Row, isListed: (algo: AlgoOrder) => boolean): readonly Row[] {
    const types = needed(params, 'ordType').split(',');
    if (types.length > 1 && !types.every((type) => type === 'conditional' || type === 'oco')) throw wrong('ordType');
    const listed = this.#venue.algoOrders.filter(
      (algo) =>
        isListed(algo) && types.includes(algo.ordType) && isOf(params, this.#venue.instrument(algo.legs[0].symbol)),
    );
    const all = listed.map((algo) => algoRow(algo, this.#venue.algoContext(algo.legs[0])));
    const asked = all.filter((row) => isWord(params, 'state', row) && isWord(params, 'algoId', row));
    return page(asked.reverse(), 'algoId', params);
  }

  // Settings

  #settings(): readonly [string, (request: OkxRequest) => OkxAnswer][] {
    const post = (path: string, rowOf: (params: Row) => Row): [string, (request: OkxRequest) => OkxAnswer] => [
      `POST /api/v5/${path}`,
      ({ params }) => ok([rowOf(params)]),
    ];
    return [
      post('account/set-leverage', (params) => this.#setLeverage(params)),
      post('account/set-position-mode', (params) => {
        const posMode = oneOf(params, 'posMode', ['long_short_mode', 'net_mode']);
        this.#venue.engine.setPositionMode(posMode === 'net_mode' ? 'ONE_WAY' : 'HEDGE');
        return { posMode };
      }),
      post('account/position/margin-balance', (params) => this.#changeMargin(params)),
    ];
  }

  /** The exchange has one leverage for both sides, where OKX has one for each side in isolated margin. */
  #setLeverage(params: Row): Row {
    const instId = needed(params, 'instId');
    const mgnMode = oneOf(params, 'mgnMode', ['cross', 'isolated']);
    const isBySide = this.#venue.engine.positionMode === 'HEDGE' && mgnMode === 'isolated';
    const posSide = isBySide ? oneOf(params, 'posSide', ['long', 'short']) : '';
    const lever = needed(params, 'lever');
    this.#venue.engine.setLeverage(instId, lever, mgnMode === 'cross' ? 'CROSS' : 'ISOLATED');
    return { instId, lever, mgnMode, posSide };
  }

  #changeMargin(params: Row): Row {
    const instId = needed(params, 'instId');
    const posSide = oneOf(params, 'posSide', ['net', 'long', 'short']);
    const type = oneOf(params, 'type', ['add', 'reduce']);
    const amt = needed(params, 'amt');
    const side = posSide === 'net' ? 'BOTH' : posSide === 'long' ? 'LONG' : 'SHORT';
    this.#venue.engine.addMargin(instId, type === 'add' ? amt : `-${amt}`, side);
    const leverage = this.#venue.engine.leverage(instId, 'ISOLATED');
    return { amt, ccy: this.#venue.instrument(instId).settleAsset, instId, leverage, posSide, type };
  }

  // Trading

  #trades(): readonly [string, (request: OkxRequest) => OkxAnswer][] {
    const trading = this.#trading;
    const place = (params: Row): Row => trading.placeOrder(params);
    const cancel = (params: Row): Row => trading.cancelOrder(params);
    const amend = (params: Row): Row => trading.amendOrder(params);
    const one = (path: string, operation: (params: Row) => Row): [string, (request: OkxRequest) => OkxAnswer] => [
      `POST /api/v5/trade/${path}`,
      ({ params }) => this.#each([params], operation),
    ];
    const many = (path: string, operation: (params: Row) => Row): [string, (request: OkxRequest) => OkxAnswer] => [
      `POST /api/v5/trade/${path}`,
      ({ items }) => this.#each(items.slice(0, MAX_BATCH), operation),
    ];
    return [
      one('order', place),
      one('cancel-order', cancel),
      one('amend-order', amend),
      many('batch-orders', place),
      many('cancel-batch-orders', cancel),
      many('amend-batch-orders', amend),
      ['POST /api/v5/trade/close-position', ({ params }) => ok([trading.closePosition(params)])],
      one('order-algo', (params) => trading.placeAlgo(params)),
      many('cancel-algos', (params) => trading.cancelAlgo(params)),
      one('amend-algos', (params) => trading.amendAlgo(params)),
    ];
  }

  /** Each item is done or refused for itself; the code says whether all were done, some, or none. */
  #each(items: readonly Row[], operation: (params: Row) => Row): OkxAnswer {
    const ts = String(this.#venue.nowMs);
    let failures = 0;
    const data = items.map((params) => {
      try {
        return { subCode: '', sCode: '0', sMsg: '', ts, ...operation(params) };
      } catch (error) {
        failures += 1;
        const { code, message } = okxErrorOf(error);
        const ids =
          text(params, 'algoId') === '' ? { ordId: text(params, 'ordId') } : { algoId: text(params, 'algoId') };
        return { clOrdId: text(params, 'clOrdId'), ...ids, sCode: code, sMsg: message, subCode: '', tag: '', ts };
      }
    });
    const code = failures === 0 ? '0' : failures === items.length ? '1' : '2';
    const msg = code === '0' ? '' : code === '1' ? 'All operations failed' : 'Bulk operation partially succeeded.';
    return { code, data: data.map(sorted), msg };
  }

  #posMode(): string {
    return this.#venue.engine.positionMode === 'HEDGE' ? 'long_short_mode' : 'net_mode';
  }
}

function ok(data: readonly Row[]): OkxAnswer {
  return { code: '0', data, msg: '' };
}

/** A list is asked for an instrument, or for a family of them. */
function isOf(params: Row, instrument: OkxInstrument): boolean {
  const isAsked = (key: string, value: string): boolean => text(params, key) === '' || text(params, key) === value;
  return (
    isAsked('instType', 'SWAP') &&
    isAsked('instId', instrument.symbol) &&
    isAsked('instFamily', familyOf(instrument)) &&
    isAsked('uly', familyOf(instrument))
  );
}

function isWord(params: Row, key: string, row: Row): boolean {
  const words = list(params, key);
  return words.length === 0 || words.includes(text(row, key));
}

/** A page of rows, of which the newest is the first: those older than `after`, or newer than `before`. */
function page(newestFirst: readonly Row[], idKey: string, params: Row): readonly Row[] {
  const idOf = (row: Row): bigint => BigInt(text(row, idKey));
  const after = text(params, 'after');
  const before = text(params, 'before');
  const limit = Math.min(Number(text(params, 'limit') || MAX_PAGE), MAX_PAGE);
  const asked = newestFirst.filter(
    (row) => (after === '' || idOf(row) < BigInt(after)) && (before === '' || idOf(row) > BigInt(before)),
  );
  return before === '' ? asked.slice(0, limit) : asked.slice(-limit);
}
