import { it } from 'vitest';
import { expectNothingLost } from './run-example.js';

it('the bot on Binance loses nothing, and places no order twice', async () => {
  await expectNothingLost('binance');
}, 180_000);
