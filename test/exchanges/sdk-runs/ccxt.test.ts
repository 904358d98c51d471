import { expect, it, onTestFinished } from 'vitest';
import { CCXT_MODES } from './ccxt-modes.js';
import { runScript } from './run-script.js';

it.each(CCXT_MODES)('the store equals the exchange of ccxt after each step: $name', async (mode) => {
  const venue = await mode.open();
  onTestFinished(() => venue.stop());

  const results = await runScript(venue, mode.isHedge);

  expect(results.filter(({ differences }) => differences.length > 0)).toEqual([]);
  expect(results.length).toBeGreaterThan(25);
});
