import type { AccountTarget } from '../shared/account-target.js';
import { ExchangeMessageError, Fields } from '../shared/fields.js';
import { applyWhole, type MessageOutcome, unknown } from '../shared/outcome.js';
import { type ExchangeRequest, readableIds, readPages } from '../shared/snapshot.js';
import { applyLists, type OkxOptions, READERS } from './lists.js';

const ALGO_ORDER_TYPES = ['conditional', 'oco', 'trigger', 'move_order_stop', 'iceberg', 'twap', 'chase'] as const;
const SNAPSHOTS: ReadonlySet<string> = new Set(['positions', 'orders', 'algoOrders', 'balance']);

/** What a response answers. `orders` and `algoOrders` are also for one that was looked up, without `asOfMs`. */
export type OkxRequest = Exclude<keyof typeof READERS, 'balanceAndPosition'>;

/** Puts one REST response into the store: `{ code, data, msg }`, or `data` alone, which the SDK resolves to. */
export function applyOkxResponse(
  store: AccountTarget,
  request: OkxRequest,
  response: unknown,
  options: OkxOptions = {},
): MessageOutcome {
  if (!Object.hasOwn(READERS, request)) return unknown(`the request ${String(request)}`);
  return applyWhole(store, () => {
    const lists = READERS[request](dataOf(request, response));
    return applyLists(store, lists, SNAPSHOTS.has(request) ? options : {});
  });
}

/**
 * Brings positions, leverage, orders, algo orders and balances up to date, in one step after all requests. It takes the
 * exchange's time first, and what the store learned later stays: let the stream run meanwhile. OKX lists algo orders by
 * type, and refuses one that a region does not have: then name the others. With the SDK:
 * `syncOkx(store, (path, parameters) => client.getPrivate(path, parameters))`.
 *
 * @throws what `request` rejects with; for a response that cannot be read, the outcome is `unknown`
 */
export async function syncOkx(
  store: AccountTarget,
  request: ExchangeRequest,
  options: Pick<OkxOptions, 'covers'> & { readonly algoOrderTypes?: readonly string[] } = {},
): Promise<MessageOutcome> {
  const { covers, algoOrderTypes = ALGO_ORDER_TYPES } = options;
  const get = async (path: string, parameters: Readonly<Record<string, string | number>> = {}) =>
    dataOf(path, await request(`/api/v5/${path}`, parameters));
  // OKX does not say whether there is another page: the last one is empty.
  const pages = (path: string, id: string, parameters = {}) =>
    readPages(path, async (after) => {
      const entries = await get(path, { ...parameters, limit: 100, ...(after && { after }) });
      if (entries.length === 0) return { entries, next: undefined };
      const next = readableIds(entries, path, id).at(-1) ?? new Fields(entries.at(-1), path).id(id);
      return next === after ? { entries: [], next: undefined } : { entries, next };
    });
  try {
    const asOfMs = new Fields((await get('public/time'))[0], 'time').number('ts');
    const [positions, balance, orders, ...algoOrders] = await Promise.all([
      get('account/positions'),
      get('account/balance'),
      pages('trade/orders-pending', 'ordId'),
      ...algoOrderTypes.map((ordType) => pages('trade/orders-algo-pending', 'algoId', { ordType })),
    ]);
    return applyWhole(store, () => {
      const allOrders = { ...READERS.orders(orders), ...READERS.algoOrders(algoOrders.flat()) };
      const lists = { ...READERS.positions(positions), ...READERS.balance(balance), ...allOrders };
      return applyLists(store, lists, { asOfMs, covers });
    });
  } catch (error) {
    if (error instanceof ExchangeMessageError) return unknown(error.message);
    throw error;
  }
}

/** @throws ExchangeMessageError when the request failed. It has the code alone: `msg` can have the request in it. */
function dataOf(request: string, response: unknown): readonly unknown[] {
  if (Array.isArray(response)) return response;
  const payload = new Fields(response, request);
  const code = payload.id('code');
  const data = payload.raw('data');
  if (code === '0' && Array.isArray(data)) return data;
  throw payload.error('code', `expected 0 and data, received ${code}`);
}
