import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';
import { WebSocketServer } from 'ws';

interface SilentRequest {
  readonly op: string;
  readonly req_id?: string;
  readonly args: readonly object[];
}

interface SilentServer {
  readonly url: string;
  connections(): number;
}

/** A web socket server that answers nothing on its first connection, and every request on the others. */
export async function startSilentServer(answers: (request: SilentRequest) => readonly object[]): Promise<SilentServer> {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0 });
  await new Promise<void>((resolve) => server.once('listening', () => resolve()));
  let connections = 0;
  server.on('connection', (socket) => {
    connections += 1;
    if (connections === 1) return;
    socket.on('message', (data) => {
      for (const answer of answers(JSON.parse(String(data)))) socket.send(JSON.stringify(answer));
    });
  });
  onTestFinished(() => {
    for (const socket of server.clients) socket.terminate();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return { url: `ws://127.0.0.1:${port}`, connections: () => connections };
}
