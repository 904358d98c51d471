import { USDMClient, WebsocketClient } from 'binance';
import { describe, expectTypeOf, it } from 'vitest';
import { AccountStateStore } from '../../src/core/store/account-state-store.js';
import {
  applyBinanceMessage,
  applyBinanceResponse,
  binanceInstruments,
  type MessageOutcome,
  mapBinanceAlgoOrder,
  mapBinanceBalances,
  mapBinanceOrder,
  mapBinancePosition,
  parseExchangeJson,
  syncBinance,
} from '../../src/exchanges/binance/index.js';

/** Checked by the compiler, in `npm run typecheck`; never run. */
describe('the binance SDK fits the adapter without a cast', () => {
  const store = new AccountStateStore();
  const credentials = { api_key: 'key', api_secret: 'secret' };
  const client = new USDMClient(credentials, { transformResponse: (text) => parseExchangeJson(text) });
  const stream = new WebsocketClient({ ...credentials, beautify: true, customParseJSONFn: parseExchangeJson });

  it('in its requests', async () => {
    const outcome = syncBinance(store, (path, parameters) => client.getPrivate(path, parameters));

    expectTypeOf(outcome).toEqualTypeOf<Promise<MessageOutcome>>();
    expectTypeOf(applyBinanceResponse(store, 'account', await client.getAccountInformationV3())).toExtend<object>();
  });

  it('in its messages, raw and beautified', () => {
    stream.on('message', (message) => applyBinanceMessage(store, message));
    stream.on('formattedMessage', (message) => applyBinanceMessage(store, message));
  });

  it('in the entries of its responses', async () => {
    const account = await client.getAccountInformationV3();

    expectTypeOf(mapBinanceBalances(account.assets)).toEqualTypeOf<Record<string, number>>();
    (await client.getPositionsV3()).map((position) => mapBinancePosition(position));
    (await client.getAllOpenOrders()).map((order) => mapBinanceOrder(order));
    (await client.getOpenAlgoOrders()).map((order) => mapBinanceAlgoOrder(order));
    new AccountStateStore({ instruments: binanceInstruments((await client.getExchangeInfo()).symbols) });
  });
});
