import { describe, expect, it, onTestFinished } from 'vitest';
import type { EngineSimplePosition } from '../../../src/core/account/types/position.js';
import type { AccountStateStore } from '../../../src/core/store/account-state-store.js';
import { BINANCE_MODES, openBinanceVenue, type VenueChoice } from './binance.js';
import { runScript } from './run-script.js';
import type { Venue } from './venue.js';

it.each(BINANCE_MODES)('the store equals Binance after each step: $name', async ({ isHedge, open }) => {
  const venue = await open();
  onTestFinished(() => venue.stop());

  const results = await runScript(venue, isHedge);

  expect(results.filter(({ differences }) => differences.length > 0)).toEqual([]);
  expect(results.length).toBeGreaterThan(25);
});

/** In isolated margin, Binance lets nobody lower the leverage of a position. */
const CHOICES: [name: string, choice: VenueChoice, leverage: readonly string[]][] = [
  ['version 3', { snapshots: 'V3' }, ['20', '5']],
  ['version 2', { snapshots: 'V2' }, ['20', '5']],
  ['version 3, isolated margin', { snapshots: 'V3', marginMode: 'ISOLATED' }, ['20']],
  ['version 2, isolated margin', { snapshots: 'V2', marginMode: 'ISOLATED' }, ['20']],
];

describe.each(CHOICES)('the numbers beside size and entry price, with snapshots of %s', (_name, choice, leverages) => {
  /** A long of 0.1 at 50,000 with ten times leverage, and a snapshot of it at 51,000. */
  async function openLong(): Promise<{ venue: Venue; store: AccountStateStore }> {
    const venue = await openBinanceVenue(choice);
    onTestFinished(() => venue.stop());
    const store = await venue.start();
    await venue.trader.place({ symbol: 'BTCUSDT', side: 'BUY', type: 'MARKET', quantity: '0.1', clientId: 'entry1' });
    venue.exchange.setPrice('BTCUSDT', '51000');
    await quiet(venue);
    venue.exchange.clock.advance(1);
    await venue.resync(store);
    return { venue, store };
  }

  it('are those of the snapshot', async () => {
    const { venue, store } = await openLong();

    expect(long(store)).toMatchObject(exactly(venue));
    expect(long(store)).toMatchObject({ value: 5000, valueUpnl: 100 });
  });

  it.each(leverages)('are unknown or right after a change of the leverage to %s', async (leverage) => {
    const { venue, store } = await openLong();

    await venue.trader.setLeverage('BTCUSDT', leverage);
    await quiet(venue);
    expectUnknownOrRight(venue, store);
    expect(store.getSymbolLeverage('BTCUSDT')).toBe(Number(leverage));

    venue.exchange.clock.advance(1);
    await venue.resync(store);
    expect(long(store)).toMatchObject(exactly(venue));
  });

  it('are unknown or right after a fill', async () => {
    const { venue, store } = await openLong();

    await venue.trader.place({ symbol: 'BTCUSDT', side: 'BUY', type: 'MARKET', quantity: '0.05', clientId: 'entry2' });
    await quiet(venue);

    expectUnknownOrRight(venue, store);
    expect(long(store)).toMatchObject({ assetQty: 0.15 });
  });
});

function long(store: AccountStateStore): Readonly<EngineSimplePosition> | undefined {
  return store.getActivePosition('BTCUSDT', 'LONG');
}

/** What Binance says of the long: in cross margin, its margin is that at the mark price. */
function exactly({ exchange }: Venue): Readonly<Record<'marginValue' | 'liquidationPrice', number>> {
  const view = exchange.positions.find(({ symbol, side }) => symbol === 'BTCUSDT' && side === 'LONG');
  if (view === undefined) throw new Error('expected a long');
  const atMark = Number(view.markValue) / Number(view.leverage);
  return {
    marginValue: view.marginMode === 'CROSS' ? atMark : Number(view.isolatedMargin),
    liquidationPrice: expect.closeTo(Number(view.liquidationPrice), 6),
  };
}

function expectUnknownOrRight(venue: Venue, store: AccountStateStore): void {
  const right = exactly(venue);
  expect({ ...right, ...long(store) }).toMatchObject(right);
}

/** Resolves when everything that the stream sent has come. */
function quiet(venue: Venue): Promise<void> {
  return new Promise((resolve) => {
    const check = (): void => {
      if (venue.isQuiet?.() === false) return;
      stop();
      resolve();
    };
    const stop = venue.onMessage(check);
    check();
  });
}
