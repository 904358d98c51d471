import { turnOff } from '../shared/hooks.js';
import { readPagesById } from '../shared/snapshot.js';
import { type CcxtExchange, type CcxtSyncOptions, has, type Info } from './options.js';

/** What ccxt does not say: the calls for open orders, the parameter of their next page, what is listed by default. */
type Quirks = { queries?: readonly Info[]; next?: string; type?: string; defaultSettle?: string };

const PAGE_SIZE = 100;
const CONDITIONAL = [{}, { trigger: true }];
const ALGO = [...CONDITIONAL, { trailing: true }];
const QUIRKS: Readonly<Record<string, Quirks>> = {
  binance: { queries: CONDITIONAL },
  binancecoinm: { queries: CONDITIONAL, type: 'all' },
  binanceusdm: { queries: CONDITIONAL, type: 'all' },
  bitget: { queries: [...ALGO, { planType: 'profit_loss' }], next: 'idLessThan', defaultSettle: 'USDT' },
  bybit: { queries: [{ paginate: true, paginationCalls: 100 }] },
  gate: { next: 'lastId', defaultSettle: 'USDT' },
  phemex: { defaultSettle: 'USDT' },
  okx: { queries: [...ALGO, { trigger: true, ordType: 'conditional,oco' }], next: 'after', type: 'all' },
};

/** The type of the markets that the exchange lists, or `all`. */
export function listedType(exchange: CcxtExchange, { params, symbols }: CcxtSyncOptions): unknown {
  if (symbols?.some((symbol) => symbol.includes(':'))) return 'all';
  const { defaultType = has(exchange, 'spot') === true ? 'spot' : 'all' }: Info = { ...exchange.options };
  return params?.['type'] ?? QUIRKS[exchange.id ?? '']?.type ?? defaultType;
}

/** Whether the listings would have a symbol. */
export function isListed(symbol: string, exchange: CcxtExchange, options: CcxtSyncOptions): boolean {
  if (options.symbols !== undefined) return options.symbols.includes(symbol);
  const type = listedType(exchange, options);
  const { defaultSubType, defaultSettle }: Info = { ...QUIRKS[exchange.id ?? ''], ...exchange.options };
  const [base, asset, , strike] = [symbol.split('/')[0], ...(symbol.split(':')[1]?.split('-') ?? [])];
  if (type === 'all' || type === 'spot' || asset === undefined) return type === 'all' || (type === 'spot') === !asset;
  const isInverse = base === asset;
  const isSettled = isInverse || (defaultSettle ?? asset) === asset;
  return isSettled && (type === 'option') === (strike !== undefined) && (defaultSubType === 'inverse') === isInverse;
}

/** The positions of all symbols, or of those that are asked for. */
export async function positionsOf(exchange: CcxtExchange, { symbols, params }: CcxtSyncOptions): Promise<unknown[]> {
  const asked = symbols?.filter((symbol) => symbol.includes(':')).map((symbol) => [symbol]) ?? [undefined];
  const lists = await Promise.all(asked.map((each) => exchange.fetchPositions?.(each, params)));
  // A flat one that does not say which of two it is has nothing to say in a list of those that are open.
  const isTold = ({ contracts, hedged, side }: Info) => contracts !== 0 || hedged !== true || Boolean(side);
  return lists.flat().filter((each) => isTold({ ...each }));
}

/** The open orders of all symbols, or of those that are asked for. */
export async function openOrdersOf(exchange: CcxtExchange, options: CcxtSyncOptions): Promise<unknown[]> {
  const { next, queries } = QUIRKS[exchange.id ?? ''] ?? {};
  // ccxt refuses this on Binance until one says that one knows what it costs.
  if (options.symbols === undefined) turnOff(exchange.options, 'fetchOpenOrders', 'warnWithoutSymbol');
  const isOneList = exchange.features?.swap?.linear?.fetchOpenOrders?.trigger === false;
  const pageSize = next === undefined ? undefined : PAGE_SIZE;
  const read = (symbol: string | undefined, query: Info) =>
    readPagesById('orders', pageSize, (oldestId) => {
      const params = { ...options.params, ...query, ...(next && oldestId && { [next]: oldestId }) };
      return exchange.fetchOpenOrders(symbol, undefined, pageSize, params);
    });
  const all = options.orderQueries ?? queries ?? (isOneList ? [{}] : CONDITIONAL);
  const lists = (options.symbols ?? [undefined]).flatMap((symbol) => all.map((query) => read(symbol, query)));
  return (await Promise.all(lists)).flat();
}
