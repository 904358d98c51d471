import type { WebSocket } from 'ws';

/** A message of a private topic, before it is written for a subscription. */
export interface PrivateMessage {
  readonly topic: 'order' | 'execution' | 'position' | 'wallet';
  /** Of what the entries are; `undefined` for wallets, which have no categorised topic. */
  readonly category: 'linear' | 'inverse' | undefined;
  readonly id: string;
  readonly creationTime: number;
  readonly data: readonly unknown[];
}

interface Client {
  readonly socket: WebSocket;
  readonly connId: string;
  readonly kind: 'private' | 'linear' | 'inverse';
  readonly topics: Set<string>;
  isAuthenticated: boolean;
}

const PRIVATE_TOPICS: ReadonlySet<string> = new Set(
  ['order', 'execution', 'position']
    .flatMap((topic) => [topic, `${topic}.linear`, `${topic}.inverse`])
    .concat('wallet'),
);

type Words = Readonly<Record<string, unknown>>;

/** The web sockets of the exchange: who listens, and what reaches whom. */
export class BybitStream {
  /** Every private message that was sent to somebody, in the order of sending. */
  readonly sent: PrivateMessage[] = [];
  readonly #clients = new Set<Client>();
  readonly #nowMs: () => number;
  readonly #ticker: (category: 'linear' | 'inverse', symbol: string) => Words | undefined;
  #connections = 0;
  #held: (() => void)[] | undefined;

  constructor(nowMs: () => number, ticker: (category: 'linear' | 'inverse', symbol: string) => Words | undefined) {
    this.#nowMs = nowMs;
    this.#ticker = ticker;
  }

  /** How many clients listen to a private topic. */
  listeners(topic: PrivateMessage['topic']): number {
    return [...this.#clients].filter((client) => subscriptions(client, topic).length > 0).length;
  }

  connect(socket: WebSocket, path: string): void {
    const kind = path.endsWith('/private') ? 'private' : path.endsWith('/inverse') ? 'inverse' : 'linear';
    this.#connections += 1;
    const connId = `simulated-${this.#connections}`;
    const client: Client = { socket, connId, kind, topics: new Set(), isAuthenticated: false };
    this.#clients.add(client);
    socket.on('close', () => this.#clients.delete(client));
    socket.on('message', (data) => this.#hear(client, String(data)));
  }

  /** Sends a private message to everybody who subscribed to it. */
  publish(message: PrivateMessage): void {
    this.#send(() => {
      let isHeard = false;
      for (const client of this.#clients) {
        for (const topic of subscriptions(client, message.topic)) {
          if (topic !== message.topic && topic !== `${message.topic}.${message.category}`) continue;
          const { id, creationTime, data } = message;
          const hasIdFirst = message.topic === 'position' || message.topic === 'wallet';
          const text = hasIdFirst ? { id, topic, creationTime, data } : { topic, id, creationTime, data };
          client.socket.send(JSON.stringify(text));
          isHeard = true;
        }
      }
      if (isHeard) this.sent.push(message);
    });
  }

  publishTicker(category: 'linear' | 'inverse', symbol: string, changes: Words, sequence: number): void {
    this.#send(() => {
      const topic = `tickers.${symbol}`;
      for (const client of this.#clients) {
        if (client.kind !== category || !client.topics.has(topic)) continue;
        const data = { symbol, ...changes };
        client.socket.send(JSON.stringify({ topic, type: 'delta', data, cs: sequence, ts: this.#nowMs() }));
      }
    });
  }

  /** Holds back everything from now on, in order. */
  pause(): void {
    this.#held ??= [];
  }

  /** Sends what was held back. */
  release(): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    for (const send of held) send();
  }

  /** Nothing that was held back is ever sent. */
  forget(): void {
    if (this.#held !== undefined) this.#held = [];
  }

  #send(send: () => void): void {
    if (this.#held === undefined) send();
    else this.#held.push(send);
  }

  #hear(client: Client, text: string): void {
    const request: unknown = JSON.parse(text);
    if (typeof request !== 'object' || request === null || !('op' in request)) return;
    const args = 'args' in request && Array.isArray(request.args) ? request.args.map(String) : [];
    const reqId = 'req_id' in request ? { req_id: String(request.req_id) } : {};
    const answer = (words: Words): void => client.socket.send(JSON.stringify(words));
    const { connId } = client;
    switch (request.op) {
      case 'ping': {
        const pong = { success: true, ret_msg: 'pong', conn_id: connId, req_id: reqId.req_id ?? '', op: 'ping' };
        const isPrivate = client.kind === 'private';
        answer(isPrivate ? { ...reqId, op: 'pong', args: [String(this.#nowMs())], conn_id: connId } : pong);
        break;
      }
      case 'auth':
        client.isAuthenticated = args.length === 3 && !args.includes('');
        answer({
          success: client.isAuthenticated,
          ret_msg: client.isAuthenticated ? '' : 'Params Error',
          op: 'auth',
          conn_id: connId,
        });
        break;
      case 'subscribe': {
        const refusal = this.#refusal(client, args);
        for (const topic of refusal === '' ? args : []) client.topics.add(topic);
        const word = client.kind === 'private' ? '' : 'subscribe';
        answer({
          success: refusal === '',
          ret_msg: refusal === '' ? word : refusal,
          conn_id: connId,
          ...reqId,
          op: 'subscribe',
        });
        if (refusal === '' && client.kind !== 'private') this.#sendSnapshots(client, client.kind, args);
        break;
      }
      case 'unsubscribe':
        for (const topic of args) client.topics.delete(topic);
        answer({ success: true, ret_msg: '', conn_id: connId, ...reqId, op: 'unsubscribe' });
        break;
      default:
        answer({ success: false, ret_msg: 'Invalid op', conn_id: connId, ...reqId, op: String(request.op) });
    }
  }

  #refusal(client: Client, topics: readonly string[]): string {
    if (client.kind !== 'private') {
      const { kind } = client;
      const unknown = topics.find((topic) => this.#ticker(kind, topic.replace(/^tickers\./, '')) === undefined);
      return unknown === undefined ? '' : `Invalid symbol :[${unknown}]`;
    }
    if (!client.isAuthenticated) return 'Request not authorized';
    const unknown = topics.find((topic) => !PRIVATE_TOPICS.has(topic));
    if (unknown !== undefined) return `error:handler not found,topic:${unknown}`;
    const isMixed = topics.some((topic) => topics.includes(`${topic}.linear`) || topics.includes(`${topic}.inverse`));
    return isMixed ? 'all-in-one and categorised topics cannot be in the same subscription request' : '';
  }

  #sendSnapshots(client: Client, category: 'linear' | 'inverse', topics: readonly string[]): void {
    for (const topic of topics) {
      const data = this.#ticker(category, topic.replace(/^tickers\./, ''));
      client.socket.send(JSON.stringify({ topic, type: 'snapshot', data, cs: 0, ts: this.#nowMs() }));
    }
  }
}

function subscriptions(client: Client, topic: PrivateMessage['topic']): readonly string[] {
  return [...client.topics].filter((each) => each === topic || each.startsWith(`${topic}.`));
}
