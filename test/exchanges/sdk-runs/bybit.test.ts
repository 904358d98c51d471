import { expect, it, onTestFinished } from 'vitest';
import { BYBIT_MODES } from './bybit.js';
import { runScript } from './run-script.js';

it.each(BYBIT_MODES)('the store equals Bybit after each step: $name', async ({ isHedge, open }) => {
  const venue = await open();
  onTestFinished(() => venue.stop());

  const results = await runScript(venue, isHedge);

  expect(results.filter(({ differences }) => differences.length > 0)).toEqual([]);
  expect(results.length).toBeGreaterThan(25);
});
