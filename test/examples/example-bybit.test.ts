import { expect, it, onTestFinished } from 'vitest';
import { subscribePrivate } from '../../examples/bybit/stream.js';
import { expectNothingLost } from './run-example.js';
import { startSilentServer } from './silent-server.js';

it('the bot on Bybit loses nothing, and places no order twice', async () => {
  await expectNothingLost('bybit');
}, 180_000);

it('a client that gets no answer when it logs in is replaced', async () => {
  const confirmed = { success: true, ret_msg: '', conn_id: 'any' };
  const server = await startSilentServer(({ op, req_id }) => [{ ...confirmed, op, req_id }]);

  await new Promise<void>((resolve) => {
    const listener = { onMessage: () => {}, onLost: () => {}, onSubscribed: resolve };
    const options = { wsUrl: server.url, limitMs: 500 };
    onTestFinished(subscribePrivate(['order'], { key: 'key', secret: 'secret' }, listener, options));
  });

  expect(server.connections()).toBeGreaterThan(1);
});
