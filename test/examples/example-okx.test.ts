import { expect, it, onTestFinished } from 'vitest';
import { subscribeAccount } from '../../examples/okx/stream.js';
import { expectNothingLost } from './run-example.js';
import { startSilentServer } from './silent-server.js';

it('the bot on OKX loses nothing, and places no order twice', async () => {
  await expectNothingLost('okx');
}, 180_000);

it('a client that gets no answer when it logs in is replaced', async () => {
  const server = await startSilentServer(({ op, args }) =>
    op === 'login'
      ? [{ event: op, code: '0', msg: '', connId: 'any' }]
      : args.map((arg) => ({ event: op, arg, connId: 'any' })),
  );

  await new Promise<void>((resolve) => {
    const listener = { onMessage: () => {}, onLost: () => {}, onSubscribed: resolve };
    const credentials = { apiKey: 'key', apiSecret: 'secret', apiPass: 'pass' };
    onTestFinished(subscribeAccount(credentials, listener, server.url, 500));
  });

  expect(server.connections()).toBeGreaterThan(1);
});
