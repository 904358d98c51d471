import type { OrderRequest } from '../simulator/order.js';
import type { PositionSide } from '../simulator/position.js';
import type { Step } from './script.js';

/** More than OKX lists in one page. */
const MANY = 105;

/**
 * A cross long and an isolated short of one instrument, as OKX allows: the store must never take one for the other. Also
 * what snapshots find of algo orders and of many orders.
 */
export function marginModesScript(isHedge: boolean): readonly Step[] {
  const long: PositionSide = isHedge ? 'LONG' : 'BOTH';
  const short: PositionSide = isHedge ? 'SHORT' : 'BOTH';
  const market = { type: 'MARKET' } as const;
  const place = (name: string, order: Omit<OrderRequest, 'symbol'>): Step => ({
    name,
    run: ({ trader, symbols }) => trader.place({ symbol: symbols.main, ...order }),
  });
  const cross = { marginMode: 'CROSS', positionSide: long } as const;
  const isolated = { marginMode: 'ISOLATED', positionSide: short } as const;
  return [
    place('a cross long', { ...cross, ...market, side: 'BUY', quantity: '0.4' }),
    place('an isolated short beside it', { ...isolated, ...market, side: 'SELL', quantity: '0.2' }),
    place('a limit order of the isolated short rests', {
      ...isolated,
      side: 'SELL',
      type: 'LIMIT',
      quantity: '0.1',
      price: '51000',
      clientId: 'isolated1',
    }),
    place('a limit order of the cross long rests', {
      ...cross,
      side: 'BUY',
      type: 'LIMIT',
      quantity: '0.1',
      price: '49000',
      clientId: 'cross1',
    }),
    place('a stop loss of the isolated short waits', {
      ...isolated,
      side: 'BUY',
      type: 'STOP_MARKET',
      quantity: '0.1',
      triggerPrice: '52000',
      reduceOnly: true,
      clientId: 'isolated2',
    }),
    {
      name: 'the leverage of the cross long changes',
      run: ({ trader, symbols }) => trader.setLeverage(symbols.main, '5'),
    },
    {
      name: 'margin is added to the isolated short',
      run: ({ exchange, symbols }) => exchange.addMargin(symbols.main, '150', short),
    },
    {
      name: 'the order of the isolated short is filled',
      run: ({ exchange, symbols }) => exchange.setPrice(symbols.main, '51000'),
    },
    {
      name: 'the order of the cross long is filled',
      run: ({ exchange, symbols }) => exchange.setPrice(symbols.main, '49000'),
    },
    { name: 'both pay or receive funding', run: ({ exchange, symbols }) => exchange.funding(symbols.main, '0.0001') },
    {
      name: 'the stop loss reduces the isolated short',
      run: ({ exchange, symbols }) => exchange.setPrice(symbols.main, '52000'),
    },
    {
      name: 'the stream is cut while stop losses are placed, and a snapshot follows',
      run: async (stage) => {
        const { trader, symbols } = stage;
        stage.cut();
        const stop = { symbol: symbols.main, type: 'STOP_MARKET', quantity: '0.1', reduceOnly: true } as const;
        await trader.place({ ...stop, ...isolated, side: 'BUY', triggerPrice: '70000', clientId: 'isolated3' });
        await trader.place({ ...stop, ...cross, side: 'SELL', triggerPrice: '30000', clientId: 'cross2' });
        await stage.reconnect();
        await stage.resync(stage.store);
      },
    },
    {
      name: 'the stream is cut while one of them is cancelled, and snapshots follow',
      run: async (stage) => {
        stage.cut();
        stage.exchange.cancel('algo:isolated3');
        await stage.reconnect();
        await stage.resync(stage.store);
        await stage.resync(stage.store);
      },
    },
    {
      name: 'the stream is cut while many orders are placed, and a snapshot follows',
      run: async (stage) => {
        stage.cut();
        const order = { symbol: stage.symbols.main, side: 'BUY', type: 'LIMIT', quantity: '0.01', ...cross } as const;
        for (let n = 0; n < MANY; n += 1) stage.exchange.placeOrder({ ...order, price: '1000', clientId: `many${n}` });
        await stage.reconnect();
        await stage.resync(stage.store);
      },
    },
    {
      name: 'the many orders are cancelled',
      run: ({ exchange }) => void exchange.cancelAll(({ clientId }) => clientId.startsWith('many')),
    },
    {
      name: 'the stream is cut while the cross long is closed, and a snapshot follows',
      run: async (stage) => {
        const { trader, symbols } = stage;
        stage.cut();
        await trader.place({
          ...cross,
          ...market,
          symbol: symbols.main,
          side: 'SELL',
          quantity: '0.5',
          reduceOnly: true,
        });
        await stage.reconnect();
        await stage.resync(stage.store);
      },
    },
    place('a cross short beside the isolated one', {
      ...market,
      side: 'SELL',
      marginMode: 'CROSS',
      positionSide: short,
      quantity: '0.1',
    }),
    {
      name: 'the bot is started again',
      run: async (stage) => {
        stage.store = await stage.start();
      },
    },
    {
      name: 'the isolated short is liquidated, the cross one stays',
      run: ({ exchange, symbols }) => {
        exchange.setPrice(symbols.main, '60000');
        const modes = exchange.truth().positions.map(({ marginMode }) => marginMode);
        if (modes.join() !== 'CROSS') throw new Error(`expected the cross short to be left, received ${modes.join()}`);
      },
    },
  ];
}
