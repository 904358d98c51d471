import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { JournaledMap } from '../../../../src/core/account/tables/journaled-map.js';
import { createHarness } from './table-harness.js';

type Step =
  | { readonly kind: 'set'; readonly key: number; readonly value: number | undefined }
  | { readonly kind: 'delete'; readonly key: number }
  | { readonly kind: 'clear' | 'deleteOldest' }
  | { readonly kind: 'run' | 'fail'; readonly steps: readonly Step[] };

const key = fc.integer({ min: 0, max: 5 });
const steps = fc.letrec<{ step: Step; steps: Step[] }>((tie) => ({
  steps: fc.array(tie('step'), { maxLength: 8 }),
  step: fc.oneof(
    { maxDepth: 3 },
    fc.record({ kind: fc.constant('set' as const), key, value: fc.option(fc.nat(9), { nil: undefined }) }),
    fc.record({ kind: fc.constant('delete' as const), key }),
    fc.record({ kind: fc.constantFrom('clear' as const, 'deleteOldest' as const) }),
    fc.record({ kind: fc.constantFrom('run' as const, 'fail' as const), steps: tie('steps') }),
  ),
})).steps;

describe('JournaledMap', () => {
  it('is a Map in which failed transactions never happened, order included', () => {
    fc.assert(
      fc.property(steps, (list) => {
        const { context, transactions } = createHarness();
        const map = new JournaledMap<number, number | undefined>(context);
        const apply = (model: Map<number, number | undefined>, each: Step): Map<number, number | undefined> => {
          switch (each.kind) {
            case 'set':
              map.set(each.key, each.value);
              return model.set(each.key, each.value);
            case 'delete':
              expect(map.delete(each.key)).toBe(model.delete(each.key));
              return model;
            case 'clear':
              map.clear();
              return new Map();
            case 'deleteOldest':
              map.deleteOldest();
              return new Map([...model].slice(1));
            default: {
              let inner = new Map(model);
              try {
                transactions.run(() => {
                  for (const step of each.steps) inner = apply(inner, step);
                  if (each.kind === 'fail') throw new Error('fail');
                });
                return inner;
              } catch {
                return model;
              }
            }
          }
        };
        let model = new Map<number, number | undefined>();
        for (const each of list) {
          model = apply(model, each);
          expect([...map.entries()]).toEqual([...model]);
        }
        expect([...map.keys()]).toEqual([...model.keys()]);
        expect([...map.values()]).toEqual([...model.values()]);
        expect(map.size).toBe(model.size);
        for (const each of [0, 1, 2, 3, 4, 5]) {
          expect(map.has(each)).toBe(model.has(each));
          expect(map.get(each)).toBe(model.get(each));
        }
      }),
      { numRuns: 500 },
    );
  });
});
