/**
 * `npm run example:okx`: a bot on a simulated OKX is killed twice with SIGKILL and loses its connection twice. In the end
 * its store must equal the exchange, and nothing that it remembers may be lost. Needs a clone of the repository, which has
 * the simulator.
 *
 * Exit codes: 0, or 1 when something is not as it should be.
 */
import { linearSwap } from '../../test/exchanges/simulator/okx/okx-instrument.js';
import { startOkxSimulator } from '../../test/exchanges/simulator/okx/okx-simulator.js';
import { ExampleRun } from '../exchange-run/example-run.js';
import { check } from '../exchange-run/until.js';
import type { BotOptions } from './bot.js';

const symbol = 'BTC-USDT-SWAP';
const ORDER = '/api/v5/trade/order';

const { exchange, controls, ...simulator } = await startOkxSimulator({
  instruments: [linearSwap('BTC')],
  prices: { [symbol]: '50000' },
  balances: { USDT: '10000' },
});
controls.onRequest('BEFORE', () => exchange.clock.advance(1));
const urls = { rest: simulator.restUrl, private: simulator.wsUrls.private, public: simulator.wsUrls.public };
const options: BotOptions = { apiKey: 'any-key', apiSecret: 'any-secret', apiPass: 'any-pass', urls };
const keys = { symbol: (name: string) => name, order: ({ id }: { id: string }) => id };
const example = new ExampleRun({ exchange, symbol, keys, module: new URL('bot.ts', import.meta.url), options });

await example.play(story);
await simulator.stop();

async function story(): Promise<void> {
  await example.untilEqual(0);
  await example.dip('49000', 1);
  console.log('The bot bought a dip.');

  controls.cut();
  exchange.adl(symbol, 'LONG', '0.4');
  exchange.funding(symbol, '0.0001');
  exchange.transfer('USDT', '250');
  controls.resume();
  await example.untilEqual(1);
  console.log('Cut off:  OKX reduced the position, funding was paid, money came in. The bot found all of it.');

  const before = exchange.orders.length;
  const order = controls.hold(ORDER, 'REQUEST');
  await example.killAt('48500', order.arrived(1));
  order.lose();
  check(exchange.orders.length === before, 'the order must not have been placed');
  example.startBot();
  await example.untilEqual(2);
  console.log('SIGKILL:  after the intent was saved, before OKX had the order. Started again, the bot sent it.');

  const answer = controls.hold(ORDER, 'ANSWER');
  await example.killAt('48000', answer.arrived(1));
  answer.release();
  example.startBot();
  await example.untilEqual(3);
  console.log('SIGKILL:  after OKX had the order, before the answer came. The bot did not send it twice.');

  controls.cut();
  exchange.adl(symbol, 'LONG', '3');
  example.positionClosed();
  controls.resume();
  await example.untilEqual(0);
  console.log('Cut off:  the position was closed. The bot forgot its entries.');
  await example.dip('47000', 1);
  await example.dip('46000', 2);

  await example.finish(5);
}
