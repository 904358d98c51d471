import { WebSocket } from 'ws';
import { type Json, type JsonObject, toJsonText } from './json-text.js';

/** One socket of a client. */
interface Connection {
  readonly socket: WebSocket;
  /** Whether messages come inside `{ stream, data }`. */
  readonly isWrapped: boolean;
  /** Streams and listen keys. */
  readonly streams: Set<string>;
  /** The only types of events that a listen key's stream tells; all without them. */
  readonly events: ReadonlyMap<string, ReadonlySet<string>>;
}

/** What happens at the border of the streams, for tests to wait for. */
export type StreamNotice = 'streamOpened' | 'streamClosed' | 'streamRefused' | 'streamSubscribed';

/** The streams of market data and of users, on the paths that Binance has. */
export class Streams {
  readonly #connections = new Set<Connection>();
  readonly #notify: (notice: StreamNotice) => void;
  #stalled: (() => void)[] | undefined;

  constructor(notify: (notice: StreamNotice) => void) {
    this.#notify = notify;
  }

  /** How many sockets are open. */
  get openCount(): number {
    return this.#connections.size;
  }

  /** Whether somebody listens to a stream, or with a listen key. */
  isHeard(stream: string): boolean {
    return [...this.#connections].some((connection) => connection.streams.has(stream));
  }

  /** Takes a client's socket. */
  connect(socket: WebSocket, path: string, query: URLSearchParams): void {
    const connection: Connection = {
      socket,
      isWrapped: path.endsWith('/stream'),
      streams: new Set(streamsOf(path, query)),
      events: eventsOf(query),
    };
    this.#connections.add(connection);
    socket.on('message', (data) => this.#command(connection, data.toString()));
    socket.on('close', () => {
      this.#connections.delete(connection);
      this.#notify('streamClosed');
    });
    this.#notify('streamOpened');
  }

  /** Sends a message to all who listen to a stream. */
  publish(stream: string, message: Json, eventType: string): void {
    const raw = toJsonText(message);
    const wrapped = toJsonText({ stream, data: message });
    const listeners = [...this.#connections].filter(
      ({ streams, events }) => streams.has(stream) && events.get(stream)?.has(eventType) !== false,
    );
    const send = (): void => {
      for (const { socket, isWrapped } of listeners) {
        if (socket.readyState === WebSocket.OPEN) socket.send(isWrapped ? wrapped : raw);
      }
    };
    if (this.#stalled === undefined) send();
    else this.#stalled.push(send);
  }

  /** Keeps messages back while the sockets stay open, until {@link resume}. */
  stall(): void {
    this.#stalled ??= [];
  }

  /** Sends what was kept back, or loses it. */
  resume(what: 'DELIVER' | 'LOSE'): void {
    const kept = this.#stalled ?? [];
    this.#stalled = undefined;
    if (what === 'DELIVER') for (const send of kept) send();
  }

  #command(connection: Connection, text: string): void {
    const { method, params, id } = readCommand(text);
    if (method === 'SUBSCRIBE') for (const stream of params) connection.streams.add(stream);
    if (method === 'UNSUBSCRIBE') for (const stream of params) connection.streams.delete(stream);
    const result = method === 'LIST_SUBSCRIPTIONS' ? [...connection.streams] : null;
    connection.socket.send(toJsonText({ result, id }));
    if (method === 'SUBSCRIBE') this.#notify('streamSubscribed');
  }
}

/** `/ws/<a>/<b>`, `/stream?streams=<a>/<b>`, `?listenKey=<key>`, each also below `/public`, `/market`, `/private`. */
function streamsOf(path: string, params: URLSearchParams): readonly string[] {
  const inPath = /\/ws\/(.+)$/.exec(path)?.[1]?.split('/') ?? [];
  const inQuery = params.get('streams')?.split('/') ?? [];
  return [...inPath, ...inQuery, ...params.getAll('listenKey')].filter((stream) => stream !== '');
}

/** Each `events` belongs to the listen key before it. */
function eventsOf(params: URLSearchParams): ReadonlyMap<string, ReadonlySet<string>> {
  const events = new Map<string, ReadonlySet<string>>();
  let key = '';
  for (const [name, value] of params) {
    if (name === 'listenKey') key = value;
    if (name === 'events') events.set(key, new Set([...value.split('/'), 'listenKeyExpired']));
  }
  return events;
}

interface Command extends JsonObject {
  readonly method: string;
  readonly params: readonly string[];
  readonly id: Json;
}

function readCommand(text: string): Command {
  const command: unknown = JSON.parse(text);
  if (typeof command !== 'object' || command === null) return { method: '', params: [], id: null };
  const method = 'method' in command && typeof command.method === 'string' ? command.method : '';
  const params = 'params' in command && Array.isArray(command.params) ? command.params.map(String) : [];
  const id = 'id' in command && (typeof command.id === 'number' || typeof command.id === 'string') ? command.id : null;
  return { method, params, id };
}
