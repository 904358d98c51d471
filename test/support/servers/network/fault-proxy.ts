import { once } from 'node:events';
import { createServer, connect as openSocket, type Server, type Socket } from 'node:net';
import { freePort } from './free-port.js';
import { ProxyLink, type Way } from './proxy-link.js';

export type Direction = 'both' | 'to-server' | 'to-client';

/** A TCP proxy that a test makes misbehave. Each fault holds until {@link FaultProxy.heal}, except where it says otherwise. */
export interface FaultProxy {
  readonly host: string;
  readonly port: number;
  /** Open at this moment. */
  readonly connections: number;
  /** Since the start, those that were refused not included. */
  readonly totalConnections: number;
  /** Delivered, since the start. */
  readonly bytesToServer: number;
  readonly bytesToClient: number;
  /** The same URL, with the proxy's host and port. */
  urlFor(url: string): string;
  /** Every byte takes so many ms longer, in each direction. */
  delay(ms: number): void;
  /** Resets all connections at once; new ones go on working. */
  cut(): void;
  /** Resets all connections, and refuses new ones. */
  refuse(): Promise<void>;
  /** Keeps connections open and accepts new ones, and loses for good what comes in the given direction. @param direction by default both */
  blackHole(direction?: Direction): void;
  /** Lets so many bytes of what the server says next through, then resets that connection. Happens once. */
  cutMidReply(afterBytes: number): void;
  /** Forwards everything from now on. Connections stay open even if bytes of theirs were lost, unless one of their ends is gone. */
  heal(): Promise<void>;
  /** Resets all connections, and listens no longer. Idempotent. */
  close(): Promise<void>;
}

export async function startFaultProxy(target: { readonly host: string; readonly port: number }): Promise<FaultProxy> {
  const proxy = new TcpProxy(target, await freePort());
  await proxy.listen();
  return proxy;
}

class TcpProxy implements FaultProxy {
  readonly host: string = '127.0.0.1';
  readonly #target: { readonly host: string; readonly port: number };
  readonly #links = new Set<ProxyLink>();
  readonly #swallowed = new Set<Way>();
  readonly #bytes: Record<Way, number> = { 'to-server': 0, 'to-client': 0 };
  #server: Server | undefined;
  readonly #port: number;
  #total = 0;
  #delayMs = 0;
  #replyBytesLeft: number | undefined;
  #isClosed = false;

  constructor(target: { readonly host: string; readonly port: number }, port: number) {
    this.#target = target;
    this.#port = port;
  }

  get port(): number {
    return this.#port;
  }

  get connections(): number {
    return this.#links.size;
  }

  get totalConnections(): number {
    return this.#total;
  }

  get bytesToServer(): number {
    return this.#bytes['to-server'];
  }

  get bytesToClient(): number {
    return this.#bytes['to-client'];
  }

  async listen(): Promise<void> {
    if (this.#server !== undefined) return;
    const server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => this.#accept(client));
    server.listen(this.#port, this.host);
    await once(server, 'listening');
    this.#server = server;
  }

  urlFor(url: string): string {
    const parsed = new URL(url);
    if (parsed.host === '') throw new Error(`a URL with a host is needed, not ${parsed.protocol}`);
    parsed.hostname = this.host;
    parsed.port = String(this.#port);
    return url.endsWith('/') ? parsed.href : parsed.href.replace(/\/$/, '');
  }

  delay(ms: number): void {
    this.#delayMs = ms;
  }

  cut(): void {
    for (const link of this.#links) link.reset();
  }

  async refuse(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    const closed = server === undefined ? undefined : once(server, 'close');
    server?.close();
    this.cut();
    await closed;
  }

  blackHole(direction: Direction = 'both'): void {
    for (const way of ['to-server', 'to-client'] as const) {
      if (direction === 'both' || direction === way) this.#swallowed.add(way);
    }
  }

  cutMidReply(afterBytes: number): void {
    this.#replyBytesLeft = afterBytes;
  }

  async heal(): Promise<void> {
    this.#delayMs = 0;
    this.#swallowed.clear();
    this.#replyBytesLeft = undefined;
    for (const link of this.#links) link.resetIfEnded();
    if (!this.#isClosed) await this.listen();
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.refuse();
  }

  #accept(client: Socket): void {
    this.#total += 1;
    const server = openSocket({ host: this.#target.host, port: this.#target.port, allowHalfOpen: true, noDelay: true });
    const link = new ProxyLink(client, server, {
      delayMs: () => this.#delayMs,
      swallows: (way) => this.#swallowed.has(way),
      allowedBytes: (way, available) => this.#allowedBytes(way, available),
      delivered: (way, bytes) => {
        this.#bytes[way] += bytes;
      },
      ended: () => this.#links.delete(link),
    });
    this.#links.add(link);
  }

  /** Undefined: all of them. Otherwise the link is reset after so many. */
  #allowedBytes(way: Way, available: number): number | undefined {
    if (way === 'to-server' || this.#replyBytesLeft === undefined) return undefined;
    if (available < this.#replyBytesLeft) {
      this.#replyBytesLeft -= available;
      return undefined;
    }
    const allowed = this.#replyBytesLeft;
    this.#replyBytesLeft = undefined;
    return allowed;
  }
}
