import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  applyBinanceMessage,
  applyBinanceResponse,
  binanceAlgoOrderKey,
  binanceInstruments,
  binanceOrderKey,
  ExchangeMessageError,
  mapBinanceAlgoOrder,
  mapBinanceBalances,
  mapBinanceInstrument,
  mapBinanceOrder,
  mapBinancePosition,
  parseExchangeJson,
} from '../../../src/exchanges/binance/index.js';
import { applyStep, CASES, heldBy, like, newStore } from './fixtures.js';

describe('the keys of orders', () => {
  it('have the symbol, or the space of the algo service, in front', () => {
    expect(binanceOrderKey('BTCUSDT', 123)).toBe('BTCUSDT:123');
    expect(binanceAlgoOrderKey('123')).toBe('algo:123');
    expect(mapBinanceOrder(like('openOrders')).exchangeOrderId).toBe(binanceOrderKey('BTCUSDT', 4001));
    expect(mapBinanceAlgoOrder(like('openAlgoOrders')).exchangeOrderId).toBe(binanceAlgoOrderKey(77001));
  });

  it('keep all digits of an id in a text that parseExchangeJson has parsed', () => {
    const text = JSON.stringify(like('ORDER_TRADE_UPDATE', { o: { i: 'ID' } })).replace('"ID"', '8389765519993908929');
    const store = newStore();

    applyBinanceMessage(store, parseExchangeJson(text));

    expect(store.getOrder('BTCUSDT:8389765519993908929')?.status).toBe('NEW');
  });

  it('are refused when JSON.parse has rounded the id, with a word on what to parse with', () => {
    const message = like('ORDER_TRADE_UPDATE', { o: { i: 8389765519993909000 } });

    const outcome = applyBinanceMessage(newStore(), message);

    expect(outcome).toMatchObject({
      kind: 'applied',
      faults: [{ message: expect.stringMatching('parseExchangeJson') }],
    });
  });
});

describe('the mappings', () => {
  it.each([
    ['mapBinancePosition', () => mapBinancePosition(like('entry of P', { pa: '' }))],
    ['mapBinanceOrder', () => mapBinanceOrder(like('openOrders', { side: 'HOLD' }))],
    ['mapBinanceAlgoOrder', () => mapBinanceAlgoOrder(like('openAlgoOrders', { algoStatus: 'ASLEEP' }))],
    ['mapBinanceBalances', () => mapBinanceBalances([{ asset: 'USDT' }])],
    ['mapBinanceInstrument', () => mapBinanceInstrument({ symbol: 'BTCUSDT', baseAsset: 'BTC' })],
  ])('of %s throws an ExchangeMessageError for what it cannot read', (_name, map) => {
    expect(map).toThrow(ExchangeMessageError);
  });

  it('of a position and of an algo order take the time of the message', () => {
    const algoOrder = { ...like('ALGO_UPDATE') } as { o: object };

    expect(mapBinancePosition(like('entry of P'), 5).timestampMs).toBe(5);
    expect(mapBinanceAlgoOrder(algoOrder.o, 6)).toMatchObject({ createdAtMs: 6, updatedAtMs: 6 });
  });

  it('of balances name all assets', () => {
    const balances = [like('asset'), { a: 'BNB', wb: '2', cw: '1', bc: '0' }];

    expect(mapBinanceBalances(balances)).toEqual({ USDT: 1000.5, BNB: 2 });
  });

  it('of instruments know USDⓈ-M as linear in its margin asset, and COIN-M as inverse in the coin', () => {
    const usdm = { symbol: 'BTCUSDC', baseAsset: 'BTC', quoteAsset: 'USDC', marginAsset: 'USDC' };
    const coinm = { symbol: 'ETHUSD_PERP', baseAsset: 'ETH', marginAsset: 'ETH', contractSize: 10 };

    const lookUp = binanceInstruments([usdm, { symbol: 'BADUSDT' }, coinm]);

    expect(lookUp('BTCUSDC')).toEqual({ kind: 'linear', multiplier: 1, settleAsset: 'USDC' });
    expect(lookUp('ETHUSD_PERP')).toEqual({ kind: 'inverse', multiplier: 10, settleAsset: 'ETH' });
    expect(lookUp('BADUSDT')).toBeUndefined();
  });

  it('of instruments refuse a contract size of 0', () => {
    const coinm = { symbol: 'ETHUSD_PERP', baseAsset: 'ETH', marginAsset: 'ETH', contractSize: 0 };

    expect(() => mapBinanceInstrument(coinm)).toThrow(ExchangeMessageError);
  });
});

describe('an order that is known by its client id alone', () => {
  const intent = { ...mapBinanceOrder(like('openOrders')), exchangeOrderId: '', updatedAtMs: 0 };

  it.each([
    ['a stop', 'openAlgoOrders', { ...intent, orderType: 'STOP_MARKET' } as const],
    ['a limit order', 'openOrders', intent],
  ] as const)('is missing, when it is %s, in %s', (_name, request, order) => {
    const store = newStore();
    store.upsertActiveOrder(order);
    const others = ['openOrders', 'openAlgoOrders', 'conditionalOpenOrders'] as const;

    const vanished = others.filter((each) => {
      const outcome = applyBinanceResponse(store, each, [], { asOfMs: 5 });
      return outcome.kind === 'applied' && outcome.resync?.vanishedOrders.length === 1;
    });

    expect(vanished).toEqual([request]);
  });
});

describe('prices', () => {
  const mark = { e: 'markPriceUpdate', E: 1, s: 'BTCUSDT', p: '60500' };
  const ticker = { e: '24hrTicker', E: 1, s: 'BTCUSDT', c: '60400' };

  it('can be those of one kind alone', () => {
    const store = newStore();
    const kinds = (prices: 'mark' | 'last') =>
      [mark, ticker].map((message) => applyBinanceMessage(store, message, { prices }).kind);

    expect(kinds('mark')).toEqual(['applied', 'ignored']);
    expect(kinds('last')).toEqual(['ignored', 'applied']);
  });

  it('in a list of which the first entry is nothing are those of the others', () => {
    const outcome = applyBinanceMessage(newStore(), [null, mark]);

    expect(outcome).toMatchObject({
      kind: 'applied',
      prices: [{ symbol: 'BTCUSDT', price: 60500 }],
      faults: [{ field: 'prices[0]' }],
    });
  });

  it('of the spot market are none of the futures account', () => {
    const outcome = applyBinanceMessage(newStore(), { ...ticker, wsMarket: 'spot', wsKey: 'main' });

    expect(outcome).toEqual({ kind: 'ignored', reason: 'an event of the market spot' });
  });
});

/** The messages of one order's life, in the order in which Binance sends them. */
const life = fc
  .record({
    symbol: fc.constantFrom('BTCUSDT', 'ETHUSDT'),
    id: fc.integer({ min: 1, max: 3 }),
    kind: fc.constantFrom('limit', 'stop', 'algo'),
    fills: fc.array(fc.record({ part: fc.integer({ min: 1, max: 3 }), afterMs: fc.nat(2) }), { maxLength: 4 }),
    end: fc.constantFrom('CANCELED', 'EXPIRED', 'EXPIRED_IN_MATCH', 'FILLED', 'PENDING_CANCEL', 'none'),
  })
  .map(({ symbol, id, kind, fills, end }) => {
    let at = 1000;
    let executed = 0;
    const order = (values: object): object => {
      const o = { s: symbol, i: id, c: `${kind}-${id}`, q: '20', p: '100', z: String(executed), T: at, ...values };
      return like('ORDER_TRADE_UPDATE', { T: at, E: at, o });
    };
    const algo = (X: string): object => like('ALGO_UPDATE', { T: at, E: at, o: { s: symbol, aid: id, X } });
    const messages: object[] = [];
    const key = `${symbol}:${id}`;
    const filled: string[] = [];
    if (kind === 'stop') messages.push(order({ o: 'STOP', sp: '99' }));
    if (kind === 'algo') messages.push(algo('NEW'));
    at += 10;
    if (kind === 'stop') messages.push(order({ o: 'STOP', sp: '99', x: 'EXPIRED', X: 'EXPIRED' }));
    if (kind === 'algo') messages.push(algo('TRIGGERING'), algo('TRIGGERED'));
    messages.push(order({ sp: kind === 'stop' ? '99' : '0' }));
    for (const { part, afterMs } of fills) {
      at += afterMs;
      executed += part;
      filled.push(`${key} ${executed}`);
      messages.push(order({ x: 'TRADE', X: 'PARTIALLY_FILLED', ap: '100' }));
    }
    if (end === 'PENDING_CANCEL') at += 1;
    if (end === 'FILLED') {
      executed = 20;
      filled.push(`${key} ${executed}`);
    }
    if (end !== 'none') messages.push(order({ x: end, X: end, ap: executed === 0 ? '0' : '100' }));
    return { key, messages, filled };
  });
const lives = fc.uniqueArray(life, { selector: ({ key }) => key, minLength: 1, maxLength: 5 });

describe('a stream of order messages', () => {
  it('ends in the same orders when it is shuffled and partly told twice', () => {
    const stream = lives.chain((orders) => {
      const messages = orders.flatMap((each) => each.messages);
      const twice = fc.subarray(messages);
      return twice.chain((again) => {
        const all = [...messages, ...again];
        return fc.shuffledSubarray(all, { minLength: all.length }).map((shuffled) => ({ messages, shuffled }));
      });
    });
    fc.assert(
      fc.property(stream, ({ messages, shuffled }) => {
        expect(ordersAfter(shuffled)).toEqual(ordersAfter(messages));
      }),
      { numRuns: 300 },
    );
  });

  it('reports each fill once, also when everything is told twice', () => {
    fc.assert(
      fc.property(lives, (orders) => {
        const messages = orders.flatMap((each) => each.messages);

        const fills = fillsOf(messages.flatMap((message) => [message, message]));

        expect(fills).toEqual(fillsOf(messages));
        for (const { key, filled } of orders)
          expect(fills.filter((fill) => fill.startsWith(`${key} `))).toEqual(filled);
      }),
    );
  });
});

/** When an order was made is only known to who has seen its first message in time. */
function ordersAfter(messages: readonly object[]): readonly object[] {
  const store = newStore();
  for (const message of messages) applyBinanceMessage(store, message);
  return heldBy(store).orders.map((order) => ({ ...order, createdAtMs: 0 }));
}

/** The fills that the messages report, as key and executed quantity. */
function fillsOf(messages: readonly object[]): readonly string[] {
  const store = newStore();
  return messages.flatMap((message) => {
    const outcome = applyBinanceMessage(store, message);
    const fills = outcome.kind === 'applied' ? outcome.fills : [];
    return fills.map(({ order }) => `${order.exchangeOrderId} ${order.executedQuantity}`);
  });
}

describe('whatever comes', () => {
  const steps = CASES.flatMap(([, cases]) => cases.map(({ when }) => when));
  const junk = fc.oneof(fc.jsonValue(), fc.constantFrom('-1', '1e308', 'NaN', '', -0, Number.MAX_VALUE, undefined));

  it('nothing is thrown, and what is not understood changes nothing', () => {
    fc.assert(
      fc.property(junk, (message) => {
        const store = newStore();

        expect(['ignored', 'unknown']).toContain(applyBinanceMessage(store, message).kind);
        expect(heldBy(store)).toEqual(heldBy(newStore()));
      }),
    );
  });

  it('nothing is thrown when any field of a message or response is something else', () => {
    fc.assert(
      fc.property(fc.constantFrom(...steps), fc.nat(), junk, (step, position, value) => {
        const store = newStore();
        const broken =
          'message' in step
            ? { message: withAnother(step.message, position, value) }
            : { ...step, response: withAnother(step.response, position, value) };

        const outcome = applyStep(store, broken);
        for (const fault of outcome.kind === 'applied' ? outcome.faults : []) {
          expect(fault.message).toMatch(/^.+: expected .+, received /);
        }
        applyBinanceMessage(store, { e: 'markPriceUpdate', E: 1, s: 'BTCUSDT', p: '60000' });

        expect(['applied', 'ignored', 'unknown']).toContain(applyStep(store, step).kind);
      }),
      { numRuns: 2000 },
    );
  });
});

describe('a message that comes twice', () => {
  const messages = CASES.flatMap(([, cases]) => cases).filter(({ when }) => 'message' in when);

  it.each(messages)('changes nothing the second time: $name', ({ given = [], when }) => {
    const store = newStore();
    for (const step of given) applyStep(store, step);
    applyStep(store, when);
    const held = heldBy(store);

    const second = applyStep(store, when);

    if (second.kind === 'applied') expect(second).toMatchObject({ positions: [], fills: [] });
    expect(heldBy(store)).toEqual(held);
  });
});

describe('a response without its time', () => {
  it('adds what is not known yet, and ends nothing, though nothing that is held has a time', () => {
    const store = newStore();
    store.setWalletBalance(5, { asset: 'BNB' });
    store.upsertActiveOrder({ ...mapBinanceOrder(like('openOrders')), updatedAtMs: 0 });
    const position = mapBinancePosition(like('positionRisk v3'));
    store.setActivePosition('BTCUSDT', 'LONG', { ...position, timestampMs: 0 });

    for (const request of ['openOrders', 'openOrders', 'positionRisk', 'balance'] as const) {
      expect(applyBinanceResponse(store, request, [])).toMatchObject({ kind: 'applied', atMs: undefined });
    }

    expect(heldBy(store)).toMatchObject({ positions: [{}], orders: [{}], balances: { BNB: 5 } });
  });
});

/** The content with another value in one of its fields. */
function withAnother(content: unknown, position: number, value: unknown): unknown {
  const text = JSON.stringify(content);
  const fields = [...text.matchAll(/:("[^"]*"|[\d.-]+|true|false|null)/g)];
  const field = fields[position % Math.max(fields.length, 1)];
  if (field === undefined) return value;
  return JSON.parse(
    `${text.slice(0, field.index)}:${JSON.stringify(value ?? null)}${text.slice(field.index + field[0].length)}`,
  );
}
