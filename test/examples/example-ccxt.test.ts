import { AccountStateStore } from 'accountkeeper';
import { followCcxt } from 'accountkeeper/ccxt';
import ccxt from 'ccxt';
import { expect, it, onTestFinished } from 'vitest';
import { watchConnection } from '../../examples/ccxt/stream.js';
import { callAfter } from '../../src/exchanges/shared/hooks.js';
import { pointAt } from '../exchanges/sdk-runs/ccxt.js';
import { expectNothingLost } from './run-example.js';
import { startSilentServer } from './silent-server.js';

it('the bot on ccxt loses nothing, and places no order twice', async () => {
  await expectNothingLost('ccxt');
}, 180_000);

it('a client that gets no answer when it logs in is replaced', async () => {
  const server = await startSilentServer(({ op, req_id }) => [{ success: true, ret_msg: '', op, req_id }]);
  const exchange = new ccxt.pro.bybit({
    apiKey: 'key',
    secret: 'secret',
    markets: {},
    options: {
      enableUnifiedMargin: false,
      enableUnifiedAccount: true,
      watchPositions: { fetchPositionsSnapshot: false },
      // A silent connection is given up after two of these (ms); Bybit's are 18 seconds.
      ws: { keepAlive: 100 },
    },
  });
  pointAt(exchange, 'http://127.0.0.1:9', server.url);
  await exchange.loadHttpProxyAgent();
  onTestFinished(() => exchange.close());

  Object.assign(exchange, {
    fetchTime: async () => 1,
    fetchPositions: async () => [],
    fetchOpenOrders: async () => [],
    fetchBalance: async () => ({}),
  });

  const connection = watchConnection(exchange);
  const complete = new Promise<void>((resolve) => {
    callAfter(exchange, ['handleSubscriptionStatus'], () => {
      if (connection() !== undefined) resolve();
    });
  });
  await followCcxt(new AccountStateStore(), exchange, { onError: () => {} });
  expect(connection()).toBeUndefined();
  await complete;

  expect(connection()).toBeDefined();
  expect(server.connections()).toBeGreaterThan(1);
});
