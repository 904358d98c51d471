import { describe, expect, it } from 'vitest';
import { Places } from '../../../src/drivers/redis/places.js';
import { manualOperation } from '../base/manual-operation.js';

/** Takes a place, or waits for one, and notes the name once it has it. */
async function enter(places: Places, name: string, entered: string[], operation = manualOperation().operation) {
  if (!places.take()) await places.wait(operation);
  entered.push(name);
}

describe('places', () => {
  it('are taken at once while some are free, then in the order of the calls', async () => {
    const places = new Places(2);
    const entered: string[] = [];
    const all = ['a', 'b', 'c', 'd', 'e'].map((name) => enter(places, name, entered));
    expect(entered).toEqual(['a', 'b']);
    for (const name of ['c', 'd', 'e']) {
      places.leave();
      await all[entered.length];
      expect(entered.at(-1)).toBe(name);
    }
    await Promise.all(all);
    places.leave();
    places.leave();
    expect([places.take(), places.take(), places.take()]).toEqual([true, true, false]);
  });

  it('are not given to one whose operation has ended, and none is lost by it', async () => {
    const places = new Places(1);
    const entered: string[] = [];
    const { operation, end } = manualOperation();
    await enter(places, 'first', entered);
    const ended = enter(places, 'ended', entered, operation);
    const last = enter(places, 'last', entered);
    end(new Error('given up'));
    await expect(ended).rejects.toThrow('given up');
    places.leave();
    await last;
    expect(entered).toEqual(['first', 'last']);
    places.leave();
    expect(places.take()).toBe(true);
  });

  it('reject all who wait when these are turned away, and are taken as before afterwards', async () => {
    const places = new Places(1);
    const entered: string[] = [];
    await enter(places, 'inside', entered);
    const turnedAway = Array.from({ length: 3 }, () => enter(places, 'never', entered));
    places.turnAway(new Error('closed'));
    for (const each of turnedAway) await expect(each).rejects.toThrow('closed');
    const next = enter(places, 'next', entered);
    places.leave();
    await next;
    expect(entered).toEqual(['inside', 'next']);
  });

  it('go round for any number of those who wait', async () => {
    const places = new Places(3);
    const entered: string[] = [];
    const all = Array.from({ length: 5_000 }, async (_, index) => {
      await enter(places, String(index), entered);
      await Promise.resolve();
      places.leave();
    });
    await Promise.all(all);
    expect(entered).toEqual(Array.from({ length: 5_000 }, (_, index) => String(index)));
  });
});
