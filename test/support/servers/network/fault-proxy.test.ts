import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type FaultProxy, startFaultProxy } from './fault-proxy.js';

let server: Server;
let sockets: Set<Socket>;
let proxy: FaultProxy;

beforeEach(async () => {
  sockets = new Set();
  server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.on('close', () => sockets.delete(socket));
    socket.pipe(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  proxy = await startFaultProxy({ host: '127.0.0.1', port: (server.address() as AddressInfo).port });
});

afterEach(async () => {
  await proxy.close();
  for (const socket of sockets) socket.destroy();
  server.close();
});

/** A client of the echo server. */
class Client {
  readonly socket: Socket;
  received = '';
  error: Error | undefined;

  constructor() {
    this.socket = connect({ host: proxy.host, port: proxy.port });
    this.socket.setNoDelay(true);
    this.socket.on('data', (chunk) => {
      this.received += chunk.toString('latin1');
    });
    this.socket.on('error', (error) => {
      this.error = error;
    });
  }

  /** Resolves when so many bytes have come since the connection was made. */
  async until(bytes: number): Promise<void> {
    while (this.received.length < bytes) await once(this.socket, 'data');
  }

  async closed(): Promise<string | undefined> {
    if (!this.socket.closed) await new Promise((resolve) => this.socket.once('close', resolve));
    return this.error === undefined ? undefined : (this.error as NodeJS.ErrnoException).code;
  }
}

async function echo(text: string): Promise<string> {
  const client = new Client();
  client.socket.write(text);
  await client.until(text.length);
  client.socket.destroy();
  return client.received;
}

describe('a fault proxy', () => {
  it('puts its own address into a URL, and leaves the rest', () => {
    const at = `127.0.0.1:${proxy.port}`;
    expect(proxy.urlFor('postgres://u:p%40@example.com:5432/db?x=1')).toBe(`postgres://u:p%40@${at}/db?x=1`);
    expect(proxy.urlFor('redis://example.com')).toBe(`redis://${at}`);
    expect(() => proxy.urlFor('file:///tmp/x')).toThrow();
  });

  it('forwards everything, in both directions, and counts it', async () => {
    expect(await echo('hello')).toBe('hello');
    expect(proxy).toMatchObject({ totalConnections: 1, bytesToServer: 5, bytesToClient: 5 });
  });

  it('forwards far more than its buffers hold to a client that reads late', async () => {
    const bytes = 20 * 1024 * 1024;
    const client = new Client();
    client.socket.pause();
    client.socket.write('x'.repeat(bytes));
    await expect.poll(() => proxy.bytesToServer).toBeGreaterThan(1024 * 1024);
    expect(proxy.bytesToClient).toBeLessThan(bytes);
    client.socket.resume();
    await client.until(bytes);
    expect(client.received.length).toBe(bytes);
  });

  it('tells the other end when one is closed', async () => {
    const client = new Client();
    client.socket.end('bye');
    expect(await client.closed()).toBeUndefined();
    expect(client.received).toBe('bye');
    await expect.poll(() => proxy.connections).toBe(0);
  });

  it('delays each direction, without slowing a stream down', async () => {
    proxy.delay(60);
    const startedAt = performance.now();
    const client = new Client();
    for (const part of ['a', 'b', 'c', 'd', 'e']) {
      client.socket.write(part);
      await new Promise((resolve) => setImmediate(resolve));
    }
    await client.until(5);
    const tookMs = performance.now() - startedAt;
    expect(client.received).toBe('abcde');
    expect(tookMs).toBeGreaterThanOrEqual(115);
    expect(tookMs).toBeLessThan(10 * 60);
  });

  it('cuts what is open, and lets new connections through', async () => {
    const client = new Client();
    client.socket.write('hello');
    await client.until(5);
    proxy.cut();
    expect(await client.closed()).toBe('ECONNRESET');
    expect(await echo('again')).toBe('again');
  });

  it('refuses connections until it is healed', async () => {
    const client = new Client();
    client.socket.write('hello');
    await client.until(5);
    await proxy.refuse();
    expect(await client.closed()).toBe('ECONNRESET');
    expect(await new Client().closed()).toBe('ECONNREFUSED');
    await proxy.heal();
    expect(await echo('again')).toBe('again');
  });

  it.each(['both', 'to-server'] as const)('loses what goes into a black hole (%s)', async (direction) => {
    const client = new Client();
    client.socket.write('1');
    await client.until(1);
    proxy.blackHole(direction);
    client.socket.write('2');
    const newcomer = new Client();
    newcomer.socket.write('3');
    await expect.poll(() => [client.socket.readyState, newcomer.socket.readyState]).toEqual(['open', 'open']);
    await expect.poll(() => proxy.connections).toBe(2);
    await settled();
    expect(proxy.bytesToServer).toBe(1);
    await proxy.heal();
    client.socket.write('4');
    await client.until(2);
    expect(client.received).toBe('14');
    client.socket.destroy();
    newcomer.socket.destroy();
  });

  it('loses the replies alone in a black hole to the client', async () => {
    const client = new Client();
    proxy.blackHole('to-client');
    client.socket.write('lost');
    await expect.poll(() => proxy.bytesToServer).toBe(4);
    await settled();
    expect(proxy.bytesToClient).toBe(0);
    await proxy.heal();
    client.socket.write('seen');
    await client.until(4);
    expect(client.received).toBe('seen');
  });

  it('resets a connection whose end was lost in a black hole when it is healed', async () => {
    proxy.blackHole();
    const client = new Client();
    await once(client.socket, 'connect');
    client.socket.destroy();
    await settled();
    expect(proxy.connections).toBe(1);
    await proxy.heal();
    await expect.poll(() => proxy.connections).toBe(0);
  });

  it('cuts in the middle of a reply, once', async () => {
    const client = new Client();
    client.socket.write('before');
    await client.until(6);
    proxy.cutMidReply(3);
    client.socket.write('reply');
    expect(await client.closed()).toBe('ECONNRESET');
    expect(client.received).toBe('beforerep');
    expect(await echo('again')).toBe('again');
  });

  it('cuts before the first byte of a reply that the server gave', async () => {
    proxy.cutMidReply(0);
    const client = new Client();
    client.socket.write('reply');
    expect(await client.closed()).toBe('ECONNRESET');
    expect(client.received).toBe('');
    expect(proxy.bytesToServer).toBe(5);
  });

  it('resets a client when the server is not there', async () => {
    const gone = createServer().listen(0, '127.0.0.1');
    await once(gone, 'listening');
    const { port } = gone.address() as AddressInfo;
    gone.close();
    const other = await startFaultProxy({ host: '127.0.0.1', port });
    const socket = connect({ host: other.host, port: other.port });
    const [error] = await once(socket, 'error');
    expect(error).toMatchObject({ code: 'ECONNRESET' });
    await other.close();
  });

  it('leaves nothing open when it is closed, and may be closed again', async () => {
    const client = new Client();
    await once(client.socket, 'connect');
    await proxy.close();
    await proxy.close();
    expect(await client.closed()).toBe('ECONNRESET');
    expect(await new Client().closed()).toBe('ECONNREFUSED');
  });
});

/** A round trip to the echo server past the proxy: what was on its way before has arrived by then. */
async function settled(): Promise<void> {
  for (let round = 0; round < 3; round += 1) {
    const socket = connect({ host: '127.0.0.1', port: (server.address() as AddressInfo).port });
    socket.write('x');
    await once(socket, 'data');
    socket.destroy();
  }
}
