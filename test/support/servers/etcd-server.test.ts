import { type EtcdTestServer, startEtcd } from './etcd-server.js';
import { describeLifeCycle } from './life-cycle-cases.js';

const key = encode('key');

function encode(text: string): string {
  return Buffer.from(text).toString('base64');
}

async function ask({ endpoint }: EtcdTestServer, path: string, body: unknown, timeoutMs = 20_000): Promise<unknown> {
  const response = await fetch(`http://${endpoint}/v3/${path}`, {
    method: 'POST',
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(timeoutMs),
  });
  return response.json();
}

describeLifeCycle('etcd', {
  start: () => startEtcd(),
  write: (server, value) => ask(server, 'kv/put', { key, value: encode(value) }),
  read: async (server) => {
    const { kvs } = (await ask(server, 'kv/range', { key })) as { kvs: readonly { value: string }[] };
    return kvs.map(({ value }) => Buffer.from(value, 'base64').toString()).join();
  },
  askBriefly: (server) => ask(server, 'kv/range', { key }, 300),
});
