import type { EngineOrderUpdate } from '../../core/account/types/order.js';
import type { EnginePositionUpdate } from '../../core/account/types/position.js';
import type { AccountTarget } from '../shared/account-target.js';
import { type ReadEntries, readEntries } from '../shared/entries.js';
import { Fields } from '../shared/fields.js';
import { applied, applyWhole, type MessageOutcome } from '../shared/outcome.js';
import type { ExchangeRequest } from '../shared/snapshot.js';
import { isCoinMargined } from './instruments.js';
import { type OrderSpace, orderSpaceOf, readOrder } from './orders.js';
import { readBalance, readLeverage, readPosition } from './positions.js';

/** The listings of orders, and whose orders each one has: `conditionalOpenOrders` is that of portfolio margin. */
const ORDER_LISTS = { openOrders: 'order', openAlgoOrders: 'algo', conditionalOpenOrders: 'strategy' } as const;

/** The signed GET requests whose responses {@link applyBinanceResponse} merges, in all of their versions. */
export type BinanceRequest = 'account' | 'balance' | 'positionRisk' | 'symbolConfig' | keyof typeof ORDER_LISTS;

/** Options of {@link applyBinanceResponse}. */
export interface BinanceResponseOptions {
  /** The exchange's time before it was sent (ms). Without it, it adds what is not known yet, and ends nothing. */
  readonly asOfMs?: number | undefined;
  /** The one symbol that was asked for. */
  readonly symbol?: string | undefined;
  /** Where there are both: whether `/um/` or `/cm/` (`/dapi/`) was asked. @default USDⓈ-M, and all balances */
  readonly product?: 'UM' | 'CM' | undefined;
}

interface Snapshot {
  readonly positions?: ReadEntries<EnginePositionUpdate>;
  readonly orders?: Partial<Record<OrderSpace, ReadEntries<EngineOrderUpdate>>>;
  readonly balances?: ReadEntries<[asset: string, balance: number]>;
  readonly leverage?: ReadEntries<[symbol: string, leverage: number]>;
}

/** Merges a response into the store, in one synchronous step. */
export function applyBinanceResponse(
  store: AccountTarget,
  request: BinanceRequest,
  response: unknown,
  options: BinanceResponseOptions = {},
): MessageOutcome {
  return applyWhole(store, () => applySnapshot(store, readResponse(request, response), options));
}

/**
 * Brings the store up to date with a USDⓈ-M account, in one step: balances, positions, orders, conditional orders and
 * leverage, as of the exchange's time, which it asks for first. The stream has to be connected before.
 *
 * @param request sends a signed GET request, `(path, parameters) => client.getPrivate(path, parameters)` with the SDK's
 * `new USDMClient(options, { transformResponse: (text) => parseExchangeJson(text) })`. What it throws, this throws.
 * @param options `asOfMs`: the exchange's time now (ms), such as `await client.getServerTime()`; then it does not ask.
 */
export async function syncBinance(
  store: AccountTarget,
  request: ExchangeRequest,
  options: Pick<BinanceResponseOptions, 'asOfMs'> = {},
): Promise<MessageOutcome> {
  const leverageBefore = store.getSymbolLeverageCache();
  const time = options.asOfMs === undefined ? await request('fapi/v1/time', {}) : { serverTime: options.asOfMs };
  const ask = (version: number, ...names: readonly BinanceRequest[]) =>
    names.map(async (name) => [name, await request(`fapi/v${version}/${name}`, {})] as const);
  const versions = [ask(3, 'account', 'positionRisk'), ask(1, 'openOrders', 'openAlgoOrders', 'symbolConfig')];
  const responses = await Promise.all(versions.flat());
  return applyWhole(store, () => {
    const asOfMs = new Fields(time, 'time').number('serverTime');
    const parts = responses.map(([name, response]) => readResponse(name, response));
    const merge = (all: Snapshot, part: Snapshot) => ({ ...all, ...part, orders: { ...all.orders, ...part.orders } });
    return applySnapshot(store, parts.reduce(merge), { asOfMs }, leverageBefore);
  });
}

function readResponse(request: BinanceRequest, response: unknown): Snapshot {
  if (request === 'account') {
    const account = new Fields(response, request);
    const balances = readResponse('balance', account.raw('assets'));
    return { ...balances, ...readResponse('positionRisk', account.raw('positions')) };
  }
  const read = <Value>(map: (item: Fields) => Value | undefined, key = 'symbol'): ReadEntries<Value> =>
    readEntries(response, request, map, (item) => item.text(key));
  if (request === 'balance') return { balances: read(readBalance, 'asset') };
  if (request === 'symbolConfig') return { leverage: read(readLeverage) };
  if (request === 'positionRisk')
    return { positions: read((item) => readPosition(item)), leverage: { ...read(readLeverage), faults: [] } };
  const space = ORDER_LISTS[request];
  return { orders: { [space]: read((item) => readOrder(item, space)) } };
}

/** @param leverageBefore before the requests: where it has changed since, the stream has reported a newer one. */
function applySnapshot(
  store: AccountTarget,
  { positions, orders, balances, leverage }: Snapshot,
  { asOfMs, symbol: asked, product }: BinanceResponseOptions,
  leverageBefore: Readonly<Record<string, number>> = store.getSymbolLeverageCache(),
): MessageOutcome {
  const listings = Object.values(orders ?? {});
  const faults = [positions, ...listings, balances, leverage].flatMap((part) => part?.faults ?? []);
  for (const [symbol, value] of leverage?.values ?? []) {
    const current = store.getSymbolLeverage(symbol);
    if (current !== value && current === leverageBefore[symbol]) store.setSymbolLeverage(symbol, value);
  }
  const isKnownTime = asOfMs !== undefined;
  const isOf = (symbol: string): boolean =>
    isKnownTime && (asked === undefined ? isCoinMargined(symbol) === (product === 'CM') : symbol === asked);
  const wallet = Object.fromEntries(balances?.values ?? []);
  const resync = store.reconcile({
    asOfMs: asOfMs ?? 0,
    positions: positions?.values,
    orders: orders && listings.flatMap(({ values }) => values),
    balances: balances && wallet,
    scope: {
      positions: ({ symbol }) => isOf(symbol) && positions?.isInDoubt(symbol) === false,
      orders: (order) => isOf(order.symbol) && orders?.[orderSpaceOf(order)]?.isInDoubt(order.symbol) === false,
      balances: (asset) => isKnownTime && product === undefined && balances?.isInDoubt(asset) === false,
    },
  });
  return applied({ atMs: asOfMs, balances: wallet, resync, faults });
}
