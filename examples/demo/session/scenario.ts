import { Recorder, type SessionMessage, type Wording } from './recorder.js';
import { round } from './venue.js';

/** Twenty minutes before midnight in UTC, so that a new day begins while the session runs. */
const START_MS = Date.UTC(2025, 5, 3, 23, 40);

/**
 * An invented session: a long with three entries and a trailing stop, a short that is flipped, cancels, a connection
 * that drops while one position is closed by its stop, and the resync after it. `scale` moves all prices, so that the
 * sessions of two exchanges differ.
 */
export function playScenario(wording: Wording, scale: number): SessionMessage[] {
  const session = new Recorder(wording, 10_000, START_MS);
  const at = (price: number): number => round(Number((price * scale).toFixed(price < 1_000 ? 3 : 1)));
  const prices = (...list: number[]): number[] => list.map(at);
  session.venue.list('BTCUSDT', at(64_000), 10);
  session.venue.list('ETHUSDT', at(3_100), 8);
  session.venue.list('SOLUSDT', at(148), 5);
  session.venue.list('XRPUSDT', at(0.52), 5);

  session.connect();
  session.leverage('SOLUSDT');
  session.tick('BTCUSDT', ...prices(64_010, 63_990));

  // The long, first entry: a limit order that fills in two parts.
  const first = session.place({ symbol: 'BTCUSDT', side: 'BUY', quantity: 0.05, price: at(63_980) });
  session.tick('ETHUSDT', ...prices(3_104));
  session.fill(first, 0.02, at(63_980));
  session.fill(first, 0.03, at(63_980));
  session.tick('BTCUSDT', ...prices(64_040, 64_120));

  const solana = session.place({ symbol: 'SOLUSDT', side: 'BUY', quantity: 20, price: at(147.6) });
  const ripple = session.place({ symbol: 'XRPUSDT', side: 'BUY', quantity: 2_000, price: at(0.497) });
  session.fill(solana, 20, at(147.6));
  const solanaStop = { symbol: 'SOLUSDT', side: 'SELL', type: 'STOP_MARKET', quantity: 20, reduceOnly: true } as const;
  const stop = session.place({ ...solanaStop, triggerPrice: at(145) });

  // The second entry, and a third that is filled in part and then cancelled.
  session.market({ symbol: 'BTCUSDT', side: 'BUY', quantity: 0.03 }, at(64_150));
  const third = session.place({ symbol: 'BTCUSDT', side: 'BUY', quantity: 0.04, price: at(63_900) });
  session.tick('BTCUSDT', ...prices(63_960, 63_890));
  session.fill(third, 0.01, at(63_900));
  session.cancel(third);

  // The short.
  const short = session.place({ symbol: 'ETHUSDT', side: 'SELL', quantity: 1.5, price: at(3_112) });
  session.fill(short, 0.6, at(3_112));
  session.fill(short, 0.9, at(3_112));
  session.tick('ETHUSDT', ...prices(3_098, 3_071, 3_060));

  // The trailing stop of the long follows the price up.
  session.tick('BTCUSDT', ...prices(64_200, 64_480, 64_730, 64_700, 64_950, 65_180));
  session.tick('SOLUSDT', ...prices(148.2, 147.1));
  session.pass(1_130);
  session.pay(1.87);

  // Twice the size of the short: the position flips.
  session.market({ symbol: 'ETHUSDT', side: 'BUY', quantity: 3 }, at(3_066));
  session.tick('ETHUSDT', ...prices(3_070, 3_095));

  // While the connection is down, the stop closes one position, and an order is cancelled by hand.
  session.disconnect();
  session.tick('SOLUSDT', at(144.9));
  session.trigger(stop);
  session.fill(stop, 20, at(144.8));
  session.cancel(ripple);
  session.tick('BTCUSDT', ...prices(65_320));
  session.pass(45);
  session.connect();

  session.tick('BTCUSDT', ...prices(65_400, 65_350, 65_520));
  session.tick('ETHUSDT', ...prices(3_110, 3_128, 3_121));
  session.tick('SOLUSDT', ...prices(144.2));

  // A new position where the metadata of the old one would have misled.
  session.market({ symbol: 'SOLUSDT', side: 'SELL', quantity: 15 }, at(144.1));
  session.tick('SOLUSDT', ...prices(143.5, 142.6, 142.1));

  // The long is closed by its stop, which follows the trailing stop's price.
  const longStop = { symbol: 'BTCUSDT', side: 'SELL', type: 'STOP_MARKET', quantity: 0.09, reduceOnly: true } as const;
  const exit = session.place({ ...longStop, triggerPrice: at(65_127) });
  session.tick('BTCUSDT', ...prices(65_300, 65_126));
  session.trigger(exit);
  session.fill(exit, 0.04, at(65_120));
  session.fill(exit, 0.05, at(65_118));
  session.tick('ETHUSDT', ...prices(3_140, 3_152));
  session.tick('SOLUSDT', ...prices(141.8));
  return session.messages;
}
