import { describe, expect, it, onTestFinished } from 'vitest';
import { OKX_MODES, openOkxVenue } from './okx.js';
import { marginModesScript } from './okx-margin-modes.js';
import { runScript, runSteps } from './run-script.js';

describe('the store equals OKX after each step', () => {
  it.each(OKX_MODES)('$name', async ({ isHedge, open }) => {
    const venue = await open();
    onTestFinished(() => venue.stop());

    const results = await runScript(venue, isHedge);

    expect(results.filter(({ differences }) => differences.length > 0)).toEqual([]);
    expect(results.length).toBeGreaterThan(25);
  });

  it.each([
    ['net', 'ONE_WAY'],
    ['long/short', 'HEDGE'],
  ] as const)('%s, with a cross and an isolated position of one instrument', async (_name, positionMode) => {
    const venue = await openOkxVenue({ positionMode });
    onTestFinished(() => venue.stop());

    const results = await runSteps(venue, marginModesScript(positionMode === 'HEDGE'));

    expect(results.filter(({ differences }) => differences.length > 0)).toEqual([]);
    expect(results.length).toBe(19);
  });
});
