import { USDMClient, WebsocketClient } from 'binance';
import type { BinanceSimulator } from './binance-simulator.js';
import { Received } from './received.js';
import type { StreamMessage } from './test-account.js';

/** The fields of rewritten messages that tests read. */
export interface FormattedMessage {
  readonly eventType?: string;
  readonly order?: object;
  readonly updateData?: object;
  readonly algoOrder?: { readonly algoStatus: string };
}

export interface SdkClients {
  readonly rest: USDMClient;
  readonly ws: WebsocketClient;
  /** As the exchange sent it, with what the SDK adds. */
  readonly raw: Received<StreamMessage>;
  /** As the SDK rewrites it. */
  readonly formatted: Received<FormattedMessage>;
  close(): void;
}

const CREDENTIALS = { api_key: 'key-of-a-test', api_secret: 'secret-of-a-test' };
const NO_PROXY = { proxy: false } as const;

/** The SDK's clients, pointed at a simulator. */
export function sdkClients(simulator: BinanceSimulator, parse?: (text: string) => object): SdkClients {
  const silent = () => {};
  const rest = new USDMClient({ ...CREDENTIALS, baseUrl: simulator.restUrl }, NO_PROXY);
  const ws = new WebsocketClient(
    {
      ...CREDENTIALS,
      beautify: true,
      wsUrl: simulator.wsUrl,
      reconnectTimeout: 10,
      restOptions: { baseUrl: simulator.restUrl },
      requestOptions: NO_PROXY,
      ...(parse === undefined ? {} : { customParseJSONFn: parse }),
    },
    { trace: silent, info: silent, error: silent },
  );
  const raw = new Received<StreamMessage>();
  const formatted = new Received<FormattedMessage>();
  // What the SDK hands on is read as it is, not as its types say.
  ws.on('message', (message) => raw.push(JSON.parse(JSON.stringify(message))));
  ws.on('formattedMessage', (message) => formatted.push(JSON.parse(JSON.stringify(message))));
  // The SDK reports broken sockets here, and goes on by itself.
  ws.on('exception', silent);
  return { rest, ws, raw, formatted, close: () => ws.closeAll(true) };
}
