/**
 * `npm run example:ccxt`: a bot that trades through ccxt on a simulated Bybit is killed twice with SIGKILL and loses its
 * connection twice. In the end its store must equal the exchange, and nothing that it remembers may be lost. Needs a clone
 * of the repository, which has the simulator.
 *
 * Exit codes: 0, or 1 when something is not as it should be.
 */
import { ccxtOrderKey } from 'accountkeeper/ccxt';
import ccxt, { type ConstructorArgs } from 'ccxt';
import { pointAt } from '../../test/exchanges/sdk-runs/ccxt.js';
import { startBybitSimulator } from '../../test/exchanges/simulator/bybit/bybit-simulator.js';
import { linearInstrument } from '../../test/exchanges/simulator/sample-instruments.js';
import { ExampleRun } from '../exchange-run/example-run.js';
import { check } from '../exchange-run/until.js';

/** The contract's symbol at Bybit, and ccxt's. */
const [id, symbol] = ['BTCUSDT', 'BTC/USDT:USDT'];
const ORDER = '/v5/order/create';

const { exchange, controls, ...simulator } = await startBybitSimulator({
  instruments: [linearInstrument('BTC')],
  prices: { [id]: '50000' },
  balances: { USDT: '10000' },
});
controls.onRequest('BEFORE', () => exchange.clock.advance(1));
const client = new ccxt.pro.bybit();
pointAt(client, simulator.restUrl, simulator.restUrl.replace('http', 'ws'));
const options: ConstructorArgs = {
  apiKey: 'any-key',
  secret: 'any-secret',
  urls: { api: client.urls['api'] },
  has: { fetchCurrencies: false },
  options: { fetchMarkets: { types: ['linear'] } },
};
const keys = { symbol: () => symbol, order: (order: { id: string }) => ccxtOrderKey(symbol, order.id) };
const module = new URL('bot.ts', import.meta.url);
const example = new ExampleRun({ exchange, marketSymbol: id, symbol, keys, module, options });

await example.play(story);
await simulator.stop();

async function story(): Promise<void> {
  await example.untilEqual(0);
  await example.dip('49000', 1);
  console.log('The bot bought a dip.');

  controls.cut();
  exchange.adl(id, 'LONG', '0.004');
  exchange.funding(id, '0.0001');
  exchange.transfer('USDT', '250');
  controls.resume();
  await example.untilEqual(1);
  console.log('Cut off:  Bybit reduced the position, funding was paid, money came in. The bot found all of it.');

  const before = exchange.orders.length;
  const order = controls.hold(ORDER, 'REQUEST');
  await example.killAt('48500', order.arrived(1));
  order.lose();
  check(exchange.orders.length === before, 'the order must not have been placed');
  example.startBot();
  await example.untilEqual(2);
  console.log('SIGKILL:  after the intent was saved, before Bybit had the order. Started again, the bot sent it.');

  const answer = controls.hold(ORDER, 'ANSWER');
  await example.killAt('48000', answer.arrived(1));
  answer.release();
  example.startBot();
  await example.untilEqual(3);
  console.log('SIGKILL:  after Bybit had the order, before the answer came. The bot did not send it twice.');

  controls.cut();
  exchange.setPrice(id, '43000'); // the stop loss
  example.positionClosed();
  controls.resume();
  await example.dip('42500', 1);
  console.log('Cut off:  the stop loss closed the position. The bot forgot its entries, and bought the next dip.');
  await example.dip('42000', 2);

  await example.finish(5);
}
