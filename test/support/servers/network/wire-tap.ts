import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

/** A way to a server on which everything that clients say is kept. */
export interface WireTap {
  /** The same URL, with the tap's host and port. */
  urlFor(url: string): string;
  /** What clients have said since the last call, in the order of its arrival. */
  taken(): Buffer;
  close(): Promise<void>;
}

/** Bytes of several connections get mixed up: to read messages from them, let there be one. */
export async function startWireTap(target: { readonly host: string; readonly port: number }): Promise<WireTap> {
  const sockets = new Set<Socket>();
  let heard: Buffer[] = [];
  const listener = createServer((near) => {
    const far = connect(target.port, target.host);
    near.on('data', (bytes) => heard.push(bytes));
    for (const [socket, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(socket);
      socket.setNoDelay();
      socket.on('error', () => undefined).on('close', () => other.destroy());
      socket.pipe(other);
    }
  });
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const { port } = listener.address() as { readonly port: number };
  return {
    urlFor: (url) => url.replace(/(\/\/(?:[^@/]*@)?)[^/?]*/, `$1127.0.0.1:${port}`),
    taken: () => {
      const bytes = Buffer.concat(heard);
      heard = [];
      return bytes;
    },
    close: async () => {
      for (const socket of sockets) socket.destroy();
      listener.close();
      await once(listener, 'close');
    },
  };
}

/** The types of a PostgreSQL client's messages, such as `B` for Bind and `S` for Sync, which asks for an answer. */
export function postgresMessages(bytes: Buffer): string {
  let types = '';
  for (let at = 0; at < bytes.length; at += 1 + bytes.readInt32BE(at + 1)) types += String.fromCharCode(bytes[at] ?? 0);
  return types;
}

/** The names of a Redis client's commands, in upper case. */
export function redisCommands(bytes: Buffer): readonly string[] {
  const names: string[] = [];
  let at = 0;
  const number = (): number => {
    const end = bytes.indexOf('\r\n', at);
    const value = Number(bytes.toString('latin1', at + 1, end));
    at = end + 2;
    return value;
  };
  while (at < bytes.length) {
    const parts = number();
    for (let part = 0; part < parts; part += 1) {
      const length = number();
      if (part === 0) names.push(bytes.toString('latin1', at, at + length).toUpperCase());
      at += length + 2;
    }
  }
  return names;
}
