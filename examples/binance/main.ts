/**
 * `npm run example:binance`: a bot on a simulated Binance is killed twice with SIGKILL and loses its connection twice. In the
 * end its store must equal the exchange, and nothing that it remembers may be lost. Needs a clone of the repository, which
 * has the simulator.
 *
 * Exit codes: 0, or 1 when something is not as it should be.
 */
import { once } from 'node:events';
import { binanceOrderKey } from 'accountkeeper/binance';
import { startBinanceSimulator } from '../../test/exchanges/simulator/binance/binance-simulator.js';
import { exchangeId } from '../../test/exchanges/simulator/binance/order-ids.js';
import { linearInstrument } from '../../test/exchanges/simulator/sample-instruments.js';
import { ExampleRun } from '../exchange-run/example-run.js';
import { check } from '../exchange-run/until.js';
import type { BotOptions } from './bot.js';

const symbol = 'BTCUSDT';

const simulator = await startBinanceSimulator({
  instruments: [linearInstrument('BTC')],
  prices: { [symbol]: '50000' },
  balances: { USDT: '10000' },
});
const { engine: exchange } = simulator;
simulator.notices.on('request', () => exchange.clock.advance(1));
const urls = { rest: simulator.restUrl, stream: simulator.wsUrl };
const options: BotOptions = { key: 'any-key', secret: 'any-secret', urls };
const keys = {
  symbol: (name: string) => name,
  order: (order: { symbol: string; id: string }) => binanceOrderKey(order.symbol, exchangeId(order.id).toString()),
};
const example = new ExampleRun({ exchange, symbol, keys, module: new URL('bot.ts', import.meta.url), options });

const isListening = bringPrices();
await example.play(story);
await simulator.stop();

async function story(): Promise<void> {
  await isListening;
  await example.untilEqual(0);
  await example.dip('49000', 1);
  console.log('The bot bought a dip.');

  cut();
  exchange.adl(symbol, 'LONG', '0.004');
  exchange.funding(symbol, '0.0001');
  exchange.transfer('USDT', '250');
  await reconnect();
  await example.untilEqual(1);
  console.log('Cut off:  Binance reduced the position, funding was paid, money came in. The bot found all of it.');

  const before = exchange.orders.length;
  const order = simulator.holdRequests(isOrder);
  simulator.failNext(isOrder, { when: 'BEFORE' });
  await example.killAt('48500', order.whenHeld());
  order.release();
  check(exchange.orders.length === before, 'the order must not have been placed');
  await restart();
  await example.untilEqual(2);
  console.log('SIGKILL:  after the intent was saved, before Binance had the order. Started again, the bot sent it.');

  const answer = simulator.holdAnswers(isOrder);
  await example.killAt('48000', answer.whenHeld());
  answer.release();
  await restart();
  await example.untilEqual(3);
  console.log('SIGKILL:  after Binance had the order, before the answer came. The bot did not send it twice.');

  cut();
  exchange.adl(symbol, 'LONG', '1');
  example.positionClosed();
  await reconnect();
  await example.untilEqual(0);
  console.log('Cut off:  the position was closed. The bot forgot its entries.');
  await example.dip('47000', 1);
  await example.dip('46000', 2);

  await example.finish(5);
}

/** Resolves when the bot has subscribed to prices and been sent the first ones. */
async function bringPrices(): Promise<void> {
  await once(simulator.notices, 'streamSubscribed');
  simulator.publishMarkPrices();
}

function isOrder({ method, path }: { readonly method: string; readonly path: string }): boolean {
  return method === 'POST' && path === '/fapi/v1/order';
}

function cut(): void {
  simulator.refuseStreams();
  simulator.cutStreams();
}

async function reconnect(): Promise<void> {
  const isBack = bringPrices();
  simulator.acceptStreams();
  await isBack;
}

async function restart(): Promise<void> {
  const isBack = bringPrices();
  example.startBot();
  await isBack;
}
