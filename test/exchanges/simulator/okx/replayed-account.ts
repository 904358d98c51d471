import { WebSocket } from 'ws';
import { Decimal } from '../decimal.js';
import type { OkxSimulator } from './okx-simulator.js';
import { asRow, rows, text } from './params.js';
import type { Row } from './row.js';
import { Signal } from './signal.js';

const HEADERS = {
  'OK-ACCESS-KEY': 'key',
  'OK-ACCESS-PASSPHRASE': 'pass',
  'OK-ACCESS-SIGN': 'sign',
  'OK-ACCESS-TIMESTAMP': '2026-01-01T00:00:00.000Z',
};

const LOGIN = { op: 'login', args: [{ apiKey: 'key', passphrase: 'pass', timestamp: '1', sign: 'sign' }] };

const SUBSCRIBE = {
  op: 'subscribe',
  args: [
    { channel: 'account' },
    { channel: 'positions', instType: 'ANY' },
    { channel: 'orders', instType: 'ANY' },
    { channel: 'orders-algo', instType: 'ANY' },
    { channel: 'algo-advance', instType: 'ANY' },
  ],
};

/** What a client knows that reads the lists once, and then follows the stream. */
export class ReplayedAccount {
  readonly positions = new Map<string, Row>();
  readonly orders = new Map<string, Row>();
  readonly algos = new Map<string, Row>();
  /** By currency: the equity without the profit of positions. */
  readonly wallets = new Map<string, string>();
  readonly #simulator: OkxSimulator;
  #socket: WebSocket | undefined;
  #pong = new Signal();

  constructor(simulator: OkxSimulator) {
    this.#simulator = simulator;
  }

  /** Connects, reads the lists page by page, and follows. */
  async connect(): Promise<void> {
    const opened = new Signal();
    const socket = new WebSocket(this.#simulator.wsUrls.all);
    this.#socket = socket;
    socket.on('open', () => opened.give());
    socket.on('message', (data) => this.#receive(String(data)));
    socket.on('error', () => undefined);
    await opened.given;
    for (const known of [this.positions, this.orders, this.algos, this.wallets]) known.clear();
    socket.send(JSON.stringify(LOGIN));
    socket.send(JSON.stringify(SUBSCRIBE));
    await this.settle();
    for (const row of await this.#list('trade/orders-pending', {}, 'ordId')) this.orders.set(text(row, 'ordId'), row);
    for (const ordType of ['conditional,oco', 'trigger', 'move_order_stop']) {
      const listed = await this.#list('trade/orders-algo-pending', { ordType }, 'algoId');
      for (const row of listed) this.algos.set(text(row, 'algoId'), row);
    }
  }

  /** Resolves when all that was sent up to now has come in. */
  async settle(): Promise<void> {
    this.#pong = new Signal();
    this.#socket?.send('ping');
    await this.#pong.given;
  }

  /** Sends a request; resolves with its rows, also those that were refused. */
  async request(method: 'GET' | 'POST', path: string, params: Row): Promise<readonly Row[]> {
    const query = new URLSearchParams(Object.fromEntries(Object.keys(params).map((key) => [key, text(params, key)])));
    const url = `${this.#simulator.restUrl}/api/v5/${path}${method === 'GET' ? `?${query}` : ''}`;
    const body = method === 'GET' ? {} : { body: JSON.stringify(params) };
    const response = await fetch(url, { method, headers: HEADERS, ...body });
    const answer: unknown = await response.json();
    return rows(asRow(answer)['data']);
  }

  async #list(path: string, params: Row, idKey: string): Promise<readonly Row[]> {
    const all: Row[] = [];
    let page: readonly Row[];
    do {
      const last = all.at(-1);
      const after = last === undefined ? {} : { after: text(last, idKey) };
      page = await this.request('GET', path, { ...params, ...after, limit: '2' });
      all.push(...page);
    } while (page.length === 2);
    return all;
  }

  #receive(message: string): void {
    if (message === 'pong') {
      this.#pong.give();
      return;
    }
    const { arg, data } = asRow(JSON.parse(message));
    for (const row of rows(data)) this.#apply(text(asRow(arg), 'channel'), row);
  }

  #apply(channel: string, row: Row): void {
    if (channel === 'account') {
      for (const funds of rows(row['details'])) {
        const wallet = Decimal.of(text(funds, 'eq')).minus(Decimal.of(text(funds, 'upl')));
        this.wallets.set(text(funds, 'ccy'), wallet.toString());
      }
    } else if (channel === 'positions') {
      keep(this.positions, 'posId', row, text(row, 'pos') !== '0');
    } else if (channel === 'orders') {
      keep(this.orders, 'ordId', row, ['live', 'partially_filled'].includes(text(row, 'state')));
    } else {
      keep(this.algos, 'algoId', row, text(row, 'state') === 'live');
    }
  }
}

function keep(known: Map<string, Row>, idKey: string, row: Row, isOpen: boolean): void {
  if (isOpen) known.set(text(row, idKey), row);
  else known.delete(text(row, idKey));
}
