import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { type WebSocket, WebSocketServer } from 'ws';

export interface LocalRequest {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface LocalAnswer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface LocalServerParts {
  /** Without an answer the connection breaks. */
  answer(request: LocalRequest): Promise<LocalAnswer | undefined>;
  /** A client has connected its web socket. */
  connect(socket: WebSocket, path: string, query: URLSearchParams): void;
  /** A client's web socket was refused. */
  refused?(): void;
}

/** An HTTP and web socket server on a free port of 127.0.0.1. */
export class LocalServer {
  /** Whether new web sockets are refused. */
  isRefusing = false;
  readonly #parts: LocalServerParts;
  readonly #http: Server;
  readonly #sockets = new WebSocketServer({ noServer: true });
  readonly #connections = new Set<Socket>();

  private constructor(parts: LocalServerParts) {
    this.#parts = parts;
    this.#http = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const url = new URL(request.url ?? '/', 'http://127.0.0.1');
        const body = Buffer.concat(chunks).toString('utf8');
        const { method = 'GET', headers } = request;
        this.#parts.answer({ method, path: url.pathname, query: url.searchParams, headers, body }).then(
          (answer) => {
            if (answer === undefined) response.destroy();
            else response.writeHead(answer.status, { ...answer.headers }).end(answer.body);
          },
          (error: unknown) => response.writeHead(500).end(String(error)),
        );
      });
    });
    this.#http.on('connection', (connection) => {
      this.#connections.add(connection);
      connection.on('close', () => this.#connections.delete(connection));
    });
    this.#http.on('upgrade', (request, connection, head) => {
      if (this.isRefusing) {
        connection.destroy();
        this.#parts.refused?.();
        return;
      }
      const url = new URL(request.url ?? '/', 'http://127.0.0.1');
      this.#sockets.handleUpgrade(request, connection, head, (socket) => {
        // A client that goes away in the middle of a message is no failure of the server.
        socket.on('error', () => socket.terminate());
        this.#parts.connect(socket, url.pathname, url.searchParams);
      });
    });
  }

  static async start(parts: LocalServerParts): Promise<LocalServer> {
    const server = new LocalServer(parts);
    await new Promise<void>((resolve, reject) => {
      server.#http.once('error', reject);
      server.#http.listen(0, '127.0.0.1', resolve);
    });
    return server;
  }

  get host(): string {
    const { port } = this.#http.address() as AddressInfo;
    return `127.0.0.1:${port}`;
  }

  /** Cuts every web socket, without a word of farewell. */
  dropSockets(): void {
    for (const socket of this.#sockets.clients) socket.terminate();
  }

  /** Ends every connection and frees the port. */
  async stop(): Promise<void> {
    this.isRefusing = true;
    this.dropSockets();
    this.#sockets.close();
    const closed = new Promise<void>((resolve) => this.#http.close(() => resolve()));
    for (const connection of this.#connections) connection.destroy();
    await closed;
  }
}
