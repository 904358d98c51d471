import type { AccountStateStore } from '../../../src/core/store/account-state-store.js';
import type { PositionSide } from '../simulator/position.js';
import type { Venue } from './venue.js';

/** What a step works with. */
export interface Stage extends Venue {
  store: AccountStateStore;
}

/** One step: afterwards, the store has to equal the exchange. */
export interface Step {
  readonly name: string;
  /** Default: always. */
  isPossible?(stage: Stage): boolean;
  run(stage: Stage): Promise<void> | void;
}

/** A day of an account. Prices start at 50,000 for the main symbol, and 2,000 for the other one. */
export function script(isHedge: boolean): readonly Step[] {
  const long: PositionSide = isHedge ? 'LONG' : 'BOTH';
  const short: PositionSide = isHedge ? 'SHORT' : 'BOTH';
  return [
    { name: 'an empty account', run: () => {} },
    {
      name: 'a limit order rests',
      run: ({ trader, symbols }) =>
        trader.place({
          symbol: symbols.main,
          side: 'BUY',
          type: 'LIMIT',
          quantity: '0.3',
          price: '49000',
          clientId: 'entry1',
          positionSide: long,
        }),
    },
    {
      name: 'a part of it is filled',
      run: ({ exchange }) => void exchange.fillPartially('entry1', '0.1'),
    },
    { name: 'the rest is filled', run: ({ exchange, symbols }) => exchange.setPrice(symbols.main, '48990') },
    {
      name: 'a stop loss waits',
      run: ({ trader, symbols }) =>
        trader.place({
          symbol: symbols.main,
          side: 'SELL',
          type: 'STOP_MARKET',
          quantity: '0.3',
          triggerPrice: '47000',
          reduceOnly: true,
          clientId: 'stop1',
          positionSide: long,
        }),
    },
    {
      name: 'a take-profit with a limit waits',
      run: ({ trader, symbols }) =>
        trader.place({
          symbol: symbols.main,
          side: 'SELL',
          type: 'TAKE_PROFIT',
          quantity: '0.1',
          triggerPrice: '52000',
          price: '52010',
          reduceOnly: true,
          clientId: 'take1',
          positionSide: long,
        }),
    },
    {
      name: 'a market order enlarges the position',
      run: ({ trader, symbols }) =>
        trader.place({
          symbol: symbols.main,
          side: 'BUY',
          type: 'MARKET',
          quantity: '0.2',
          clientId: 'entry2',
          positionSide: long,
        }),
    },
    { name: 'the leverage changes', run: ({ trader, symbols }) => trader.setLeverage(symbols.main, '20') },
    { name: 'funding is paid', run: ({ exchange, symbols }) => exchange.funding(symbols.main, '0.0001') },
    { name: 'money comes in', run: ({ exchange }) => exchange.transfer('USDT', '500') },
    {
      name: 'a part is closed at the market',
      run: ({ trader, symbols }) =>
        trader.place({
          symbol: symbols.main,
          side: 'SELL',
          type: 'MARKET',
          quantity: '0.15',
          reduceOnly: true,
          clientId: 'exit1',
          positionSide: long,
        }),
    },
    {
      name: 'the price touches the take-profit',
      run: ({ exchange, symbols }) => exchange.setPrice(symbols.main, '52020'),
    },
    {
      name: 'an order is amended',
      isPossible: ({ trader }) => trader.amend !== undefined,
      run: async ({ trader, symbols }) => {
        await trader.place({
          symbol: symbols.other,
          side: 'BUY',
          type: 'LIMIT',
          quantity: '2',
          price: '1600',
          clientId: 'amend1',
          positionSide: long,
        });
        await trader.amend?.('amend1', symbols.other, { quantity: '1', price: '1550' });
      },
    },
    {
      name: 'the amended order is cancelled',
      isPossible: ({ trader }) => trader.amend !== undefined,
      run: ({ trader, symbols }) => trader.cancel('amend1', symbols.other),
    },
    {
      name: 'an order is cancelled',
      run: async ({ trader, symbols }) => {
        await trader.place({
          symbol: symbols.other,
          side: 'BUY',
          type: 'LIMIT',
          quantity: '1',
          price: '1500',
          clientId: 'rest1',
          positionSide: long,
        });
        await trader.cancel('rest1', symbols.other);
      },
    },
    {
      name: 'an order that cannot be filled at once expires',
      run: ({ trader, symbols }) =>
        trader.place({
          symbol: symbols.other,
          side: 'BUY',
          type: 'LIMIT',
          timeInForce: 'IOC',
          quantity: '1',
          price: '1500',
          clientId: 'ioc1',
          positionSide: long,
        }),
    },
    {
      name: 'a position of another symbol is opened',
      run: ({ trader, symbols }) =>
        trader.place({
          symbol: symbols.other,
          side: 'SELL',
          type: 'MARKET',
          quantity: '2',
          clientId: 'short1',
          positionSide: short,
        }),
    },
    {
      name: 'a trailing stop waits',
      isPossible: ({ trader }) => trader.trail !== undefined,
      run: ({ trader, symbols }) => trader.trail?.(symbols.other, short, '100'),
    },
    {
      name: 'the trailing stop follows the price, and is triggered',
      isPossible: ({ trader }) => trader.trail !== undefined,
      run: ({ exchange, symbols }) => {
        exchange.setPrice(symbols.other, '1900');
        exchange.clock.advance(1_000);
        exchange.setPrice(symbols.other, '2001');
      },
    },
    {
      name: 'the position of the other symbol is opened again',
      isPossible: ({ trader }) => trader.trail !== undefined,
      run: ({ trader, symbols }) =>
        trader.place({
          symbol: symbols.other,
          side: 'SELL',
          type: 'MARKET',
          quantity: '3',
          clientId: 'short3',
          positionSide: short,
        }),
    },
    { name: 'the stop loss is triggered', run: ({ exchange, symbols }) => exchange.setPrice(symbols.main, '46900') },
    {
      name: 'a short after the long',
      run: ({ trader, symbols }) =>
        trader.place({
          symbol: symbols.main,
          side: 'SELL',
          type: 'MARKET',
          quantity: '0.1',
          clientId: 'short2',
          positionSide: short,
        }),
    },
    {
      name: isHedge ? 'a long beside the short' : 'a flip to long',
      run: ({ trader, symbols }) =>
        trader.place({
          symbol: symbols.main,
          side: 'BUY',
          type: 'MARKET',
          quantity: '0.25',
          clientId: 'flip1',
          positionSide: long,
        }),
    },
    {
      name: 'messages come twice',
      run: async (stage) => {
        stage.repeatMessages(true);
        const { trader, symbols } = stage;
        await trader.place({
          symbol: symbols.main,
          side: 'BUY',
          type: 'MARKET',
          quantity: '0.05',
          clientId: 'twice1',
          positionSide: long,
        });
        await trader.place({
          symbol: symbols.main,
          side: 'BUY',
          type: 'LIMIT',
          quantity: '0.2',
          price: '40000',
          clientId: 'twice2',
          positionSide: long,
        });
        await trader.cancel('twice2', symbols.main);
        stage.repeatMessages(false);
      },
    },
    {
      name: 'the exchange reduces the position (ADL)',
      run: ({ exchange, symbols }) => exchange.adl(symbols.main, 'LONG', '0.05'),
    },
    {
      name: 'the stream is cut while orders fill and end, and a snapshot follows',
      run: async (stage) => {
        const { trader, symbols, exchange } = stage;
        await trader.place({
          symbol: symbols.main,
          side: 'SELL',
          type: 'LIMIT',
          quantity: '0.05',
          price: '60000',
          reduceOnly: true,
          clientId: 'gap1',
          positionSide: long,
        });
        await trader.place({
          symbol: symbols.main,
          side: 'SELL',
          type: 'LIMIT',
          quantity: '0.05',
          price: '61000',
          reduceOnly: true,
          clientId: 'gap2',
          positionSide: long,
        });
        stage.cut();
        exchange.fillPartially('gap1', '0.05', '60000');
        exchange.cancel('gap2');
        exchange.funding(symbols.other, '0.0002');
        await stage.reconnect();
        await stage.resync(stage.store);
        // Pages race with fills: an order that is missing goes after a second listing.
        await stage.resync(stage.store);
      },
    },
    {
      name: 'the stream overtakes a snapshot',
      run: async (stage) => {
        const { trader, symbols } = stage;
        const held = stage.holdAnswers();
        const resync = stage.resync(stage.store);
        await held.arrived();
        // What comes after it has a later time: at equal times the snapshot counts.
        stage.exchange.clock.advance(1);
        await trader.place({
          symbol: symbols.main,
          side: 'BUY',
          type: 'MARKET',
          quantity: '0.03',
          clientId: 'race1',
          positionSide: long,
        });
        await trader.place({
          symbol: symbols.main,
          side: 'BUY',
          type: 'LIMIT',
          quantity: '0.1',
          price: '30000',
          clientId: 'race2',
          positionSide: long,
        });
        held.release();
        await resync;
      },
    },
    {
      name: 'a snapshot overtakes the stream',
      isPossible: ({ holdMessages }) => holdMessages !== undefined,
      run: async (stage) => {
        const { trader, symbols, exchange } = stage;
        const held = stage.holdMessages?.();
        await trader.place({
          symbol: symbols.main,
          side: 'SELL',
          type: 'MARKET',
          quantity: '0.02',
          reduceOnly: true,
          clientId: 'late1',
          positionSide: long,
        });
        await trader.place({
          symbol: symbols.other,
          side: 'BUY',
          type: 'LIMIT',
          quantity: '1',
          price: '1200',
          clientId: 'late2',
          positionSide: long,
        });
        exchange.clock.advance(1);
        await trader.cancel('late2', symbols.other);
        exchange.clock.advance(1);
        await stage.resync(stage.store);
        held?.release();
      },
    },
    {
      name: 'the bot is started again',
      run: async (stage) => {
        stage.store = await stage.start();
      },
    },
    {
      name: 'the bot is started again after it missed what happened',
      run: async (stage) => {
        const { trader, symbols, exchange } = stage;
        await trader.place({
          symbol: symbols.other,
          side: 'BUY',
          type: 'LIMIT',
          quantity: '2',
          price: '1300',
          clientId: 'down1',
          positionSide: long,
        });
        stage.cut();
        exchange.cancel('down1');
        exchange.funding(symbols.main, '0.0001');
        await trader.place({
          symbol: symbols.main,
          side: 'BUY',
          type: 'MARKET',
          quantity: '0.04',
          clientId: 'down2',
          positionSide: long,
        });
        exchange.clock.advance(1);
        await stage.reconnect();
        stage.store = await stage.start();
        await stage.resync(stage.store);
      },
    },
    {
      name: 'the stream is cut once more',
      run: async (stage) => {
        stage.cut();
        stage.exchange.cancel('race2');
        await stage.reconnect();
        await stage.resync(stage.store);
        await stage.resync(stage.store);
      },
    },
    {
      name: 'a stop loss for a whole position waits',
      isPossible: ({ trader }) => trader.protect !== undefined,
      run: ({ trader, symbols }) => trader.protect?.(symbols.other, short, '2100'),
    },
    {
      name: 'it is triggered',
      isPossible: ({ trader }) => trader.protect !== undefined,
      run: ({ exchange, symbols }) => exchange.setPrice(symbols.other, '2101'),
    },
    {
      name: 'a position that is too large, and an order that rests',
      run: async ({ trader, symbols }) => {
        await trader.place({
          symbol: symbols.main,
          side: 'BUY',
          type: 'MARKET',
          quantity: '1.5',
          clientId: 'large1',
          positionSide: long,
        });
        await trader.place({
          symbol: symbols.main,
          side: 'BUY',
          type: 'LIMIT',
          quantity: '0.1',
          price: '50',
          clientId: 'large2',
          positionSide: long,
        });
      },
    },
    {
      name: 'the account is liquidated',
      run: ({ exchange, symbols }) => {
        exchange.setPrice(symbols.main, '100');
        const isHeld = exchange
          .truth()
          .positions.some(({ symbol, side }) => symbol === symbols.main && side === 'LONG');
        if (isHeld) throw new Error('the long was not liquidated');
      },
    },
  ];
}
