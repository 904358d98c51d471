import { createHash } from 'node:crypto';
import type { WebSocket } from 'ws';
import type { Body } from './okx-messages.js';
import { asRow, rows, text } from './params.js';
import type { Row } from './row.js';

/** `all` takes every channel: for clients that know one address only. */
export type Endpoint = 'public' | 'private' | 'business' | 'all';

/** What the stream needs of the venue. */
export interface StreamSource {
  readonly uid: string;
  snapshot(arg: Row): readonly Body[];
  /** Answers a trade request, such as `order`. `undefined` when it is none. */
  trade(op: string, params: readonly Row[]): Body | undefined;
  hasInstrument(instId: string): boolean;
}

interface Session {
  readonly socket: WebSocket;
  readonly endpoint: Endpoint;
  readonly connId: string;
  isLoggedIn: boolean;
  subscriptions: readonly Row[];
  /** How many pushes went out on it. */
  pushed: number;
}

/** The name under which the pushes of all channels are held back. */
export const EVERY_CHANNEL = '*';

const ENDPOINTS: Readonly<Record<string, Endpoint>> = {
  account: 'private',
  positions: 'private',
  balance_and_position: 'private',
  orders: 'private',
  'orders-algo': 'business',
  'algo-advance': 'business',
  tickers: 'public',
  'mark-price': 'public',
};

/** The WebSocket side: sessions, subscriptions, and what arrives of the pushes. */
export class OkxStream {
  readonly #source: StreamSource;
  readonly #sessions = new Set<Session>();
  readonly #gates = new Map<string, (() => void)[]>();
  readonly #last = new Map<string, readonly (() => void)[]>();
  #sessionsMade = 0;
  /** Whether open connections receive nothing. */
  isLosing = false;
  /** Whether each push is sent twice. */
  isRepeating = false;

  constructor(source: StreamSource) {
    this.#source = source;
  }

  /** A client has connected to one of the addresses. */
  connect(socket: WebSocket, path: string): void {
    const endpoint = endpointOf(path);
    if (endpoint === undefined) socket.close();
    else this.#open(socket, endpoint);
  }

  // Controls

  get subscriptions(): readonly Row[] {
    return [...this.#sessions].flatMap((session) => session.subscriptions);
  }

  /** How many pushes went out on the connections that are open now. */
  get pushed(): number {
    const open = [...this.#sessions].filter(({ socket }) => socket.readyState === socket.OPEN);
    return open.reduce((sum, { pushed }) => sum + pushed, 0);
  }

  pause(channel: string): void {
    this.#gates.set(channel, this.#gates.get(channel) ?? []);
  }

  release(channel: string): void {
    const queue = this.#gates.get(channel) ?? [];
    this.#gates.delete(channel);
    for (const send of queue) send();
  }

  repeat(channel: string): void {
    for (const send of this.#last.get(channel) ?? []) send();
  }

  announceUpgrade(): void {
    for (const session of this.#sessions) {
      const msg = 'The connection will soon be closed for a service upgrade. Please reconnect.';
      this.#answer(session, { event: 'notice', code: '64008', msg, connId: session.connId });
    }
  }

  pushRegular(): void {
    for (const session of this.#sessions) {
      for (const arg of session.subscriptions) {
        if (isRegular(arg)) for (const body of this.#source.snapshot(arg)) this.#push(session, arg, body);
      }
    }
  }

  /** Pushes to each subscription of a channel what is made for it. */
  publish(channel: string, bodyOf: (arg: Row) => Body | undefined): void {
    const sends: (() => void)[] = [];
    for (const session of this.#sessions) {
      for (const arg of session.subscriptions.filter((each) => text(each, 'channel') === channel)) {
        const body = bodyOf(arg);
        if (body !== undefined) sends.push(() => this.#push(session, arg, body));
      }
    }
    if (sends.length > 0) this.#last.set(channel, sends);
    for (const send of sends) send();
  }

  // Sessions

  #open(socket: WebSocket, endpoint: Endpoint): void {
    this.#sessionsMade += 1;
    const connId = createHash('sha256').update(String(this.#sessionsMade)).digest('hex').slice(0, 8);
    const session: Session = { socket, endpoint, connId, isLoggedIn: false, subscriptions: [], pushed: 0 };
    this.#sessions.add(session);
    socket.on('close', () => this.#sessions.delete(session));
    socket.on('message', (data) => this.#receive(session, String(data)));
  }

  #receive(session: Session, message: string): void {
    if (message === 'ping') {
      if (!this.isLosing) session.socket.send('pong');
      return;
    }
    const request = parse(message);
    const op = text(request, 'op');
    const id = text(request, 'id');
    const args = rows(request['args']);
    if (op === 'login') this.#login(session, args[0] ?? {});
    else if (op === 'subscribe') for (const arg of args) this.#subscribe(session, arg, id);
    else if (op === 'unsubscribe') for (const arg of args) this.#unsubscribe(session, arg, id);
    else this.#trade(session, op, id, args, message);
  }

  #login(session: Session, arg: Row): void {
    const { connId } = session;
    session.isLoggedIn = ['apiKey', 'passphrase', 'timestamp', 'sign'].every((key) => text(arg, key) !== '');
    if (session.isLoggedIn) this.#answer(session, { event: 'login', code: '0', msg: '', connId });
    else this.#answer(session, { event: 'error', code: '60009', msg: 'Login failed.', connId });
  }

  #subscribe(session: Session, arg: Row, id: string): void {
    const channel = text(arg, 'channel');
    const endpoint = ENDPOINTS[channel];
    const isHere = endpoint !== undefined && (session.endpoint === 'all' || session.endpoint === endpoint);
    const instId = text(arg, 'instId');
    if (!isHere || (instId !== '' && !this.#source.hasInstrument(instId))) {
      const named = Object.entries(arg).map(([key, value]) => `${key}:${String(value)}`);
      const hint = 'Please use the correct URL, channel and parameters referring to API document.';
      const msg = `Wrong URL or ${named.join(',')} doesn't exist. ${hint}`;
      this.#refuse(session, id, '60018', msg);
      return;
    }
    if (endpoint !== 'public' && !session.isLoggedIn) {
      this.#refuse(session, id, '60011', 'Please log in');
      return;
    }
    const isNew = !session.subscriptions.some((each) => isSame(each, arg));
    if (isNew) session.subscriptions = [...session.subscriptions, arg];
    this.#answer(session, { ...idOf(id), event: 'subscribe', arg, connId: session.connId });
    if (endpoint !== 'public') {
      const count = this.subscriptions.filter((each) => text(each, 'channel') === channel).length;
      const connCount = String(count);
      this.#answer(session, { event: 'channel-conn-count', channel, connCount, connId: session.connId });
    }
    for (const body of this.#source.snapshot(arg)) this.#push(session, arg, body);
  }

  #unsubscribe(session: Session, arg: Row, id: string): void {
    session.subscriptions = session.subscriptions.filter((each) => !isSame(each, arg));
    this.#answer(session, { ...idOf(id), event: 'unsubscribe', arg, connId: session.connId });
  }

  #trade(session: Session, op: string, id: string, args: readonly Row[], message: string): void {
    const isAllowed = session.endpoint === 'private' || session.endpoint === 'all';
    if (isAllowed && !session.isLoggedIn) {
      this.#refuse(session, id, '60011', 'Please log in');
      return;
    }
    const answer = isAllowed ? this.#source.trade(op, args) : undefined;
    if (answer === undefined) this.#refuse(session, id, '60012', `Invalid request: ${message}`);
    else this.#answer(session, { id, op, ...answer });
  }

  #refuse(session: Session, id: string, code: string, msg: string): void {
    this.#answer(session, { ...idOf(id), event: 'error', code, msg, connId: session.connId });
  }

  #answer(session: Session, message: Row): void {
    if (!this.isLosing) session.socket.send(JSON.stringify(message));
  }

  #push(session: Session, arg: Row, body: Body): void {
    const { channel, extraParams: _extra, ...rest } = arg;
    const isPublic = ENDPOINTS[text(arg, 'channel')] === 'public';
    const named = isPublic ? { channel, ...rest } : { channel, uid: this.#source.uid, ...rest };
    const message = JSON.stringify({ arg: named, ...body });
    const queue = this.#gates.get(text(arg, 'channel')) ?? this.#gates.get(EVERY_CHANNEL);
    const send = (): void => {
      if (this.isLosing) return;
      for (const each of this.isRepeating ? [message, message] : [message]) {
        session.socket.send(each);
        session.pushed += 1;
      }
    };
    if (queue === undefined) send();
    else queue.push(send);
  }
}

function endpointOf(path: string): Endpoint | undefined {
  const name = /^\/ws\/v5\/(\w+)/.exec(path)?.[1];
  return name === 'public' || name === 'private' || name === 'business' || name === 'all' ? name : undefined;
}

/** `account` and `positions` are pushed regularly, unless a subscription asked for events alone. */
function isRegular(arg: Row): boolean {
  const isEventsOnly = text(parse(text(arg, 'extraParams')), 'updateInterval') === '0';
  return ['account', 'positions'].includes(text(arg, 'channel')) && !isEventsOnly;
}

function isSame(one: Row, other: Row): boolean {
  const keys = ['channel', 'ccy', 'instType', 'instFamily', 'instId'];
  return keys.every((key) => text(one, key) === text(other, key));
}

/** An answer repeats the id of its request, where it had one. */
function idOf(id: string): Row {
  return id === '' ? {} : { id };
}

function parse(message: string): Row {
  try {
    return asRow(JSON.parse(message));
  } catch {
    return {};
  }
}
