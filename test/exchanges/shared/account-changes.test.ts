import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AccountState } from '../../../src/core/account/account-state.js';
import type { EnginePositionUpdate } from '../../../src/core/account/types/position.js';
import { applyPosition } from '../../../src/exchanges/shared/account-changes.js';

type Mode = EnginePositionUpdate['orderPositionSide'];

/** What an exchange reports of one side, or of the one-way position: a size below 0 is a short. */
function positionOf(orderPositionSide: Mode, size: number, timestampMs: number): EnginePositionUpdate {
  const positionSide = size === 0 ? 'NONE' : size > 0 ? 'LONG' : 'SHORT';
  const positionPrice = size === 0 ? 0 : 100;
  return { symbol: 'BTCUSDT', timestampMs, positionSide, orderPositionSide, positionPrice, assetQty: size };
}

/** What is reported of a side: of the hedge mode, together with the one-way position, which is flat. */
function reported(mode: Mode, size: number, timestampMs: number): readonly EnginePositionUpdate[] {
  if (mode === 'BOTH') return [positionOf('BOTH', size, timestampMs)];
  const signed = mode === 'LONG' ? Math.abs(size) : -Math.abs(size);
  return [positionOf('BOTH', 0, timestampMs), positionOf(mode, signed, timestampMs)];
}

function heldAfter(messages: readonly (readonly EnginePositionUpdate[])[]): readonly object[] {
  const store = new AccountState();
  for (const update of messages.flat()) applyPosition(store, update);
  return store.getAllPositions();
}

describe('the positions', () => {
  it.each([
    ['one-way mode', ['BOTH']],
    ['hedge mode', ['LONG', 'SHORT']],
  ] as const)('are the same in whatever order their messages come, and however often: in %s', (_, modes) => {
    const message = fc.tuple(fc.constantFrom(...modes), fc.integer({ min: -2, max: 2 }));
    const streams = fc.array(message, { minLength: 1, maxLength: 7 }).chain((states) => {
      const inOrder = states.map(([mode, size], index) => reported(mode, size, 1000 + index));
      const all = [...inOrder, ...inOrder];
      return fc.tuple(fc.constant(inOrder), fc.shuffledSubarray(all, { minLength: all.length }));
    });

    fc.assert(
      fc.property(streams, ([inOrder, shuffled]) => {
        expect(heldAfter(shuffled)).toEqual(heldAfter(inOrder));
      }),
      { numRuns: 500 },
    );
  });
});

describe('a change', () => {
  it('is what is held before and after', () => {
    const store = new AccountState();

    const [opened] = applyPosition(store, positionOf('BOTH', 2, 1000));

    expect(opened).toMatchObject({ side: 'LONG', before: undefined, after: { assetQty: 2 } });
  });

  it('is none when the same is reported again, with the price at which it is valued or without', () => {
    const store = new AccountState();
    applyPosition(store, { ...positionOf('BOTH', 2, 1000), valueUpnl: 5 });

    const again = [
      applyPosition(store, { ...positionOf('BOTH', 2, 1000), valueUpnl: 5 }),
      applyPosition(store, positionOf('BOTH', 2, 1000)),
    ];

    expect(again).toEqual([[], []]);
  });
});
