const SYMBOLS = ['BTCUSDT', 'ETHUSDT', 'SOLUSDT', 'XRPUSDT', 'DOGEUSDT', '__proto__', 'constructor'];
const SIDES = ['LONG', 'SHORT', 'NONE'];
const STATUSES = [
  'NEW',
  'NEW',
  'NEW',
  'PARTIALLY_FILLED',
  'FILLED',
  'CANCELLED',
  'EXPIRED',
  'REJECTED',
  'PENDING_CANCEL',
  'NEW_ADL',
];
const TYPES = [
  'LIMIT',
  'MARKET',
  'STOP',
  'STOP_MARKET',
  'TAKE_PROFIT',
  'TAKE_PROFIT_MARKET',
  'TRAILING_STOP_MARKET',
  'LIQUIDATION',
];
const POSITION_FIELDS = ['timestampMs', 'positionPrice', 'assetQty', 'value', 'valueUpnl', 'marginValue'];
const ORDER_FIELDS = ['price', 'originalQuantity', 'averagePrice', 'createdAtMs', 'symbol', 'orderSide'];
const READERS = [
  'getWalletBalance',
  'getPreviousBalance',
  'getTotalActivePositions',
  'getTotalHedgedPositions',
  'getAllPositions',
  'isDualPositionMode',
  'isPendingPersist',
  'getAllSymbolMetadata',
  'getSymbolsWithMetadata',
  'getSymbolLeverageCache',
  'getOrders',
  'getActiveOrders',
  'storePreviousBalance',
  'clearAllOrders',
  'dumpLogState',
];
const SORTED = [
  'getOrdersSortedById',
  'getOrdersSortedBySymbol',
  'getOrdersSortedByPrice',
  'getOrdersSortedByTimestamp',
];

/**
 * The next call: the name of a method or, with `isFunction`, of a function, and its arguments. `isNonsense`: the drop-in
 * refuses it. `asText`: it is given its numbers as text.
 */
export function randomCall(random) {
  const chance = (percent) => random.below(100) < percent;
  const amount = (below) => random.below(below * 1_000) / 1_000;
  const odd = (number) => (chance(4) ? random.pick([Number.NaN, Number.POSITIVE_INFINITY, -1, 1e21]) : number);
  /** JavaScript may leave fields out, or give other values than TypeScript would allow. */
  const worn = (entry, names) =>
    Object.fromEntries(Object.entries(entry).filter(([name]) => !names.includes(name) || !chance(3)));
  const symbol = () => random.pick(SYMBOLS);
  const id = () => `order-${random.below(12)}`;
  const ascending = () => (chance(30) ? [] : [chance(50)]);
  const position = (key, side) => ({
    symbol: key,
    timestampMs: odd(1_700_000_000_000 + random.below(1_000)),
    positionSide: chance(10) ? random.pick(['NONE', 'SHORT', 'BOTH', undefined]) : side,
    orderPositionSide: random.pick(['LONG', 'SHORT', 'BOTH', null]),
    positionPrice: odd(amount(50_000)),
    assetQty: chance(15) ? 0 : odd(amount(20) * (chance(30) ? -1 : 1)),
    value: odd(amount(5_000)),
    valueUpnl: odd(amount(100) - 50),
    marginValue: odd(amount(1_000)),
    liquidationPrice: odd(amount(40_000)),
    ...(chance(70) && { stopLossPrice: chance(50) ? undefined : amount(40_000) }),
    ...(chance(70) && { takeProfitPrice: chance(50) ? undefined : amount(60_000) }),
    ...(chance(20) && { note: 'a field of the user' }),
  });
  const order = () => ({
    exchangeOrderId: id(),
    customOrderId: chance(20) ? '' : `mine-${random.below(12)}`,
    symbol: symbol(),
    orderSide: random.pick(['BUY', 'SELL', 'Buy']),
    positionSide: random.pick([...SIDES, 'BOTH']),
    orderType: random.pick(TYPES),
    status: random.pick(STATUSES),
    price: odd(random.below(8) * 100),
    originalQuantity: odd(amount(10)),
    executedQuantity: odd(amount(12)),
    averagePrice: odd(amount(50_000)),
    createdAtMs: odd(random.below(6)),
    updatedAtMs: odd(random.below(6)),
    ...(chance(50) && { isreduceOnly: chance(50) }),
  });
  const metadata = () => ({
    leaderId: `L${random.below(9)}`,
    entries: [random.below(5)],
    ...(chance(30) && { deep: { more: 1 } }),
  });
  const positions = () =>
    Array.from({ length: random.below(5) }, () => {
      const each = position(symbol(), random.pick(SIDES));
      return chance(20) ? withText(each) : each;
    });
  const cache = () =>
    Object.fromEntries(
      SYMBOLS.slice(0, 5)
        .filter(() => chance(60))
        .map((name) => [name, random.below(4) * 5]),
    );
  const balance = () => (chance(15) ? 0 : amount(10_000));
  const key = symbol();
  const side = random.pick(SIDES);

  /** The share of each call. */
  const calls = [
    [
      12,
      () => ({
        name: 'setActivePosition',
        args: [key, side, worn(position(key, side), POSITION_FIELDS)],
        asText: chance(10),
      }),
    ],
    [5, () => ({ name: 'deleteActivePosition', args: [key, chance(5) ? undefined : side] })],
    [
      8,
      () => ({
        name: 'processPriceEvent',
        args: [{ symbol: key, price: chance(10) ? String(amount(60_000)) : odd(amount(60_000) - 50) }],
      }),
    ],
    [14, () => ({ name: 'upsertActiveOrder', args: [worn(order(), ORDER_FIELDS)], asText: chance(10) })],
    [4, () => ({ name: 'deleteOrder', args: [chance(5) ? random.pick(['', undefined]) : id()] })],
    [4, () => ({ name: 'setWalletBalance', args: [odd(balance())], asText: chance(20) })],
    [3, () => ({ name: 'setSymbolLeverage', args: [key, odd(random.below(5) * 5)], asText: chance(20) })],
    [5, () => ({ name: 'setSymbolMetadata', args: [key, metadata()] })],
    [4, () => ({ name: 'setSymbolMetadataValue', args: [key, random.pick(['leaderId', 'added']), random.below(9)] })],
    [2, () => ({ name: 'deletePositionMetadata', args: [key] })],
    [
      2,
      () => ({
        name: 'setAllSymbolMetadata',
        args: [
          {
            BTCUSDT: metadata(),
            ...(chance(50) && { XRPUSDT: metadata() }),
            ...(chance(30) && { SOLUSDT: undefined }),
          },
        ],
      }),
    ],
    [3, () => ({ name: 'setIsPendingPersist', args: [chance(30)] })],
    [3, () => ({ name: 'getSessionSummary', args: [balance()] })],
    [10, () => ({ name: random.pick(READERS), args: [] })],
    [4, () => ({ name: random.pick(SORTED), args: ascending() })],
    [3, () => ({ name: random.pick(['getActivePosition', 'isSymbolSideInPosition']), args: [key, side] })],
    [
      3,
      () => ({
        name: random.pick(['isSymbolInAnyPosition', 'getSymbolLeverage', 'getSymbolMetadata', 'getOrdersForSymbol']),
        args: [key],
      }),
    ],
    [2, () => ({ name: 'getOrder', args: [id()] })],
    [1, () => ({ name: 'getOrdersByStatus', args: [random.pick(STATUSES)] })],
    [1, () => ({ name: 'getOrdersByType', args: [random.pick(TYPES)] })],
    [1, () => ({ name: 'getOrdersForSymbolSide', args: [key, random.pick(['BUY', 'SELL'])] })],
    [1, () => ({ name: 'getOrdersForSymbolSortedByPrice', args: [key, ...ascending()] })],
    [
      1,
      () => ({
        name: 'getOrdersForSymbolSideSortedByPrice',
        args: [key, random.pick(['BUY', 'SELL']), ...ascending()],
      }),
    ],
    [1, () => ({ name: 'getUnrealisedPnl', args: [positions()], isFunction: true })],
    [1, () => ({ name: 'getUnrealsedPnlPct', args: [positions(), balance()], isFunction: true })],
    [
      1,
      () => ({
        name: 'calculateDepthForPosition',
        args: [
          'USDT',
          key,
          balance(),
          amount(20) - 10,
          amount(50_000),
          amount(100) - 50,
          amount(200) - 100,
          random.below(3) * 5,
        ],
        isFunction: true,
      }),
    ],
    [
      1,
      () => ({
        name: 'calculateDepthForPositions',
        args: [balance(), cache(), chance(10) ? undefined : positions(), ...(chance(50) ? ['USDC'] : [])],
        isFunction: true,
      }),
    ],
    [
      1,
      () => ({
        name: 'calulateDepthSummaryForAllPositions',
        args: [balance(), cache(), chance(10) ? undefined : positions(), 'USDT', random.pick(['cross', 'isolated'])],
        isFunction: true,
      }),
    ],
    [
      1,
      () => ({
        name: 'getDepthPercentForAllPositions',
        args: [positions(), balance(), cache(), ...(chance(50) ? ['USDC'] : [])],
        isFunction: true,
      }),
    ],
    [
      1,
      () => ({
        name: 'reportBalanceToServer',
        args: ['http://127.0.0.1/report', 'main', ['a', 'b'], 'USDT', chance(50)],
        answer: random.pick(['200', '500', 'refused']),
      }),
    ],
    [4, () => ({ ...nonsense(), isNonsense: true })],
  ];
  const nonsense = () =>
    random.pick([
      { name: 'setActivePosition', args: ['', side, { ...position('', side) }] },
      { name: 'setActivePosition', args: [key, 'UP', position(key, 'UP')] },
      { name: 'setActivePosition', args: [key, side, position('ANOTHER', side)] },
      { name: 'upsertActiveOrder', args: [{ ...order(), status: 'NEW', exchangeOrderId: '' }] },
      { name: 'setSymbolLeverage', args: ['', 5] },
      { name: 'setSymbolMetadata', args: [key, null] },
      { name: 'setSymbolMetadata', args: ['', metadata()] },
    ]);
  let draw = random.below(calls.reduce((sum, [share]) => sum + share, 0));
  for (const [share, make] of calls) {
    if (draw < share) return make();
    draw -= share;
  }
  throw new Error('no call was drawn');
}

/** The same with text in place of numbers. */
export function withText(value) {
  if (typeof value === 'number') return Number.isNaN(value) ? value : String(value);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, withText(each)]));
}
