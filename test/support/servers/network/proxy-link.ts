import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

export type Way = 'to-server' | 'to-client';

/** What a proxy tells its connections at each chunk. */
export interface LinkRules {
  delayMs(): number;
  swallows(way: Way): boolean;
  /** How many of the available bytes go through before the connection is reset; undefined: all, and no reset. */
  allowedBytes(way: Way, available: number): number | undefined;
  delivered(way: Way, bytes: number): void;
  ended(): void;
}

// So much may be on its way in one direction before the sender is held back.
const highWaterBytes = 1024 * 1024;

// A client in Node.js that finds the last bytes together with the reset takes it for an orderly end.
const readableMs = 10;

/** One client's connection, and ours to the server on its behalf. */
export class ProxyLink {
  readonly #client: Socket;
  readonly #server: Socket;
  readonly #rules: LinkRules;
  readonly #stopped = new AbortController();
  #lostAnEnd = false;

  constructor(client: Socket, server: Socket, rules: LinkRules) {
    this.#client = client;
    this.#server = server;
    this.#rules = rules;
    for (const socket of [client, server]) {
      socket.on('error', () => this.reset());
      socket.on('close', () => this.#closed());
    }
    this.#forward('to-server', client, server);
    this.#forward('to-client', server, client);
  }

  reset(): void {
    this.#stopped.abort();
    for (const socket of [this.#client, this.#server]) {
      // A socket that is not connected yet has nothing to reset. One that is just saying goodbye cannot be reset: it would
      // stay half closed, and the process, which waits for that at its end, would never end.
      if (socket.connecting || (socket.writableEnded && !socket.writableFinished)) socket.destroy();
      else socket.resetAndDestroy();
    }
  }

  /** One end was closed while that could not be told to the other. */
  resetIfEnded(): void {
    if (this.#lostAnEnd) this.reset();
  }

  #closed(): void {
    if (this.#client.destroyed && this.#server.destroyed) this.#rules.ended();
  }

  #forward(way: Way, from: Socket, to: Socket): void {
    let queuedBytes = 0;
    let tail: Promise<void> = Promise.resolve();
    // One after the other, each at its own time: a delay is not a lower throughput.
    const enqueue = (step: () => Promise<void>): void => {
      tail = tail.then(step).catch(() => this.reset());
    };
    from.on('data', (chunk: Buffer) => {
      const dueAt = performance.now() + this.#rules.delayMs();
      queuedBytes += chunk.length;
      if (queuedBytes > highWaterBytes) from.pause();
      enqueue(async () => {
        await this.#waitUntil(dueAt);
        await this.#deliver(way, chunk, to);
        queuedBytes -= chunk.length;
        if (queuedBytes <= highWaterBytes) from.resume();
      });
    });
    from.on('end', () => {
      const dueAt = performance.now() + this.#rules.delayMs();
      enqueue(async () => {
        await this.#waitUntil(dueAt);
        if (this.#rules.swallows(way)) this.#lostAnEnd = true;
        else to.end();
      });
    });
  }

  async #waitUntil(dueAt: number): Promise<void> {
    const ms = dueAt - performance.now();
    if (ms > 0) await sleep(ms, undefined, { signal: this.#stopped.signal });
  }

  async #deliver(way: Way, chunk: Buffer, to: Socket): Promise<void> {
    if (this.#stopped.signal.aborted || this.#rules.swallows(way)) return;
    const allowed = this.#rules.allowedBytes(way, chunk.length);
    const bytes = allowed === undefined ? chunk : chunk.subarray(0, allowed);
    if (bytes.length > 0) {
      await written(to, bytes);
      this.#rules.delivered(way, bytes.length);
    }
    if (allowed === undefined) return;
    await sleep(readableMs, undefined, { signal: this.#stopped.signal });
    this.reset();
  }
}

function written(socket: Socket, bytes: Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.write(bytes, (error) => (error ? reject(error) : resolve()));
  });
}
