import { createRequire } from 'node:module';
import type beautifier from 'binance/lib/util/beautifier.js';
import { describe, expect, it } from 'vitest';
import type { MessageOutcome } from '../../../src/exchanges/binance/index.js';
import { applyStep, CASES, heldBy, newStore } from './fixtures.js';

// It is CommonJS with a default export, which Vite and Node import differently.
const { default: Beautifier }: typeof beautifier = createRequire(import.meta.url)('binance/lib/util/beautifier.js');
const sdk = new Beautifier({ warnKeyMissingInMap: false });

/** The message as the SDK emits it with `beautify: true`: without what wraps it, and with what the SDK adds. */
function beautified(message: unknown): unknown {
  const renamed = sdk.beautifyWsMessage(unwrapped(message), '', false);
  return Array.isArray(renamed) ? renamed : { ...renamed, wsKey: 'usdmPrivate', wsMarket: 'usdm' };
}

function unwrapped(message: unknown): unknown {
  if (typeof message !== 'object' || message === null) return message;
  if ('data' in message) return message.data;
  return 'event' in message ? message.event : message;
}

/** The outcome without what faults show of the message itself. */
function withoutEntries(outcome: MessageOutcome): object {
  if (outcome.kind !== 'applied') return outcome;
  return { ...outcome, faults: outcome.faults.map(({ field, message }) => ({ field, message })) };
}

function faultsIn(outcome: { readonly faults?: readonly unknown[] }): number {
  return outcome.faults?.length ?? 0;
}

for (const [file, cases] of CASES) {
  describe(`Binance: ${file}`, () => {
    for (const { name, given = [], when, then } of cases) {
      const { outcome, ...held } = then;

      it(name, () => {
        const store = newStore();
        for (const step of given) applyStep(store, step);

        const actual = applyStep(store, when);

        expect(actual).toMatchObject(outcome);
        expect(heldBy(store)).toEqual({ positions: [], orders: [], balances: {}, leverage: {}, ...held });
        if (actual.kind === 'applied') expect(actual.faults).toHaveLength(faultsIn(outcome));
      });

      if (!('message' in when)) continue;

      it(`${name}, as the SDK's beautifier tells it`, () => {
        const [raw, renamed] = [newStore(), newStore()];
        for (const step of given) applyStep(raw, step);
        for (const step of given) applyStep(renamed, step, beautified);

        const expected = applyStep(raw, when);
        const actual = applyStep(renamed, when, beautified);

        expect(withoutEntries(actual)).toEqual(withoutEntries(expected));
        expect(heldBy(renamed)).toEqual(heldBy(raw));
      });
    }
  });
}
