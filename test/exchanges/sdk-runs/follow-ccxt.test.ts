import ccxt, { type Exchange } from 'ccxt';
import { expect, it, onTestFinished } from 'vitest';
import { ccxtInstruments, followCcxt } from '../../../src/exchanges/ccxt/index.js';
import { openAccount } from '../../../src/open-account.js';
import { startBinanceSimulator } from '../simulator/binance/binance-simulator.js';
import { TWO_SYMBOLS } from '../simulator/binance/test-account.js';
import { startBybitSimulator } from '../simulator/bybit/bybit-simulator.js';
import type { ExchangeSimulator } from '../simulator/exchange-simulator.js';
import { linearSwap } from '../simulator/okx/okx-instrument.js';
import { startOkxSimulator } from '../simulator/okx/okx-simulator.js';
import { linearInstrument } from '../simulator/sample-instruments.js';
import { pointAt } from './ccxt.js';

const SYMBOL = 'BTC/USDT:USDT';
/** How the classes of ccxt are made: as the documentation says, and for a simulator that has few of the markets. */
const KEYS = { apiKey: 'simulated-key', secret: 'simulated-secret', password: 'simulated-password' };

interface Place {
  readonly simulated: ExchangeSimulator;
  readonly market: string;
  readonly client: Exchange;
  cut(): void;
  resume(): void;
  stop(): Promise<void>;
}

async function onBinance(): Promise<Place> {
  const simulator = await startBinanceSimulator(TWO_SYMBOLS);
  const client = new ccxt.pro.binanceusdm(KEYS);
  pointAt(client, simulator.restUrl, simulator.wsUrl);
  // Keeps the listen key alive after 20 minutes, and the process until then.
  client.delay = () => {};
  const cut = (): void => {
    simulator.refuseStreams();
    simulator.cutStreams();
  };
  const { engine: simulated } = simulator;
  const resume = (): void => simulator.acceptStreams();
  return { simulated, market: 'BTCUSDT', client, cut, resume, stop: () => simulator.stop() };
}

async function onBybit(): Promise<Place> {
  const simulator = await startBybitSimulator({
    instruments: [linearInstrument('BTC')],
    prices: { BTCUSDT: '50000' },
    balances: { USDT: '10000' },
  });
  const client = new ccxt.pro.bybit({ ...KEYS, options: { fetchMarkets: { types: ['linear'] } } });
  pointAt(client, simulator.restUrl, simulator.restUrl.replace('http', 'ws'));
  const { controls, exchange: simulated } = simulator;
  const [cut, resume] = [() => controls.cut(), () => controls.resume()];
  return { simulated, market: 'BTCUSDT', client, cut, resume, stop: () => simulator.stop() };
}

async function onOkx(): Promise<Place> {
  const simulator = await startOkxSimulator({
    instruments: [linearSwap('BTC', { ctVal: '1' })],
    prices: { 'BTC-USDT-SWAP': '50000' },
    balances: { USDT: '10000' },
  });
  const client = new ccxt.pro.okx({ ...KEYS, options: { fetchMarkets: { types: ['swap'] } } });
  pointAt(client, simulator.restUrl, simulator.restUrl.replace('http', 'ws'));
  const { controls, exchange: simulated } = simulator;
  const [cut, resume] = [() => controls.cut(), () => controls.resume()];
  return { simulated, market: 'BTC-USDT-SWAP', client, cut, resume, stop: () => simulator.stop() };
}

it.each([
  ['Binance', onBinance],
  ['Bybit', onBybit],
  ['OKX', onOkx],
])('a store that follows %s through ccxt knows what the exchange knows, also after a cut', async (_, open) => {
  const { simulated, market, client, cut, resume, stop } = await open();
  client.has['fetchCurrencies'] = false;
  await client.loadHttpProxyAgent();
  const instruments = ccxtInstruments(await client.loadMarkets());
  const account = await openAccount({ accountId: 'followed', persistence: 'memory://', instruments });
  const listeners = new Set<() => void>();
  const notUnderstood: unknown[] = [];
  const following = await followCcxt(account, client, {
    symbols: [SYMBOL],
    onOutcome: () => {
      for (const listener of listeners) listener();
    },
    onError: (error) => {
      if (!(error instanceof ccxt.NetworkError)) notUnderstood.push(error);
    },
  });
  onTestFinished(async () => {
    await following.stop();
    await client.close();
    await account.close();
    await stop();
  });
  /** Resolves when the outcome of a message or a sync has made it so. */
  const until = (isSo: () => boolean): Promise<void> =>
    new Promise((resolve) => {
      const check = (): void => {
        if (!isSo()) return;
        listeners.delete(check);
        resolve();
      };
      listeners.add(check);
      check();
    });
  const isEqual = (): boolean => {
    const { positions, orders, balances } = simulated.truth();
    const held = account.getAllPositions().map(({ assetQty }) => assetQty);
    return (
      JSON.stringify(held) === JSON.stringify(positions.map(({ quantity }) => Number(quantity))) &&
      account.getOrders().length === orders.length &&
      Math.abs((account.getWalletBalance() ?? 0) - Number(balances['USDT'])) < 1e-6
    );
  };

  await until(isEqual);
  await client.createOrder(SYMBOL, 'market', 'buy', 1);
  await client.createOrder(SYMBOL, 'limit', 'buy', 1, 40_000);
  await until(() => isEqual() && account.getOrders().length === 1);
  await until(() => {
    simulated.setPrice(market, '50100');
    return (account.getActivePosition(SYMBOL, 'LONG')?.valueUpnl ?? 0) > 50;
  });
  cut();
  simulated.adl(market, 'LONG', '0.4');
  simulated.funding(market, '0.0001');
  simulated.transfer('USDT', '250');
  simulated.setPrice(market, '39900');
  resume();
  await until(isEqual);

  expect(account.getActivePosition(SYMBOL, 'LONG')?.assetQty).toBe(1.6);
  expect(notUnderstood).toEqual([]);
});
