import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SparseMap } from '../../../src/core/shared/sparse-map.js';

describe('SparseMap', () => {
  it('holds what a Map does', () => {
    const steps = fc.array(fc.record({ key: fc.nat(3), value: fc.option(fc.nat()) }));
    fc.assert(
      fc.property(steps, (all) => {
        const [map, sparse] = [new Map<number, number>(), new SparseMap<number, number>()];
        for (const { key, value } of all) {
          if (value === null) expect(sparse.delete(key)).toBe(map.delete(key));
          else sparse.set(key, value) && map.set(key, value);
          expect([sparse.size, sparse.has(key), sparse.get(key)]).toEqual([map.size, map.has(key), map.get(key)]);
          expect([...sparse]).toEqual([...map]);
          expect([[...sparse.keys()], [...sparse.values()]]).toEqual([[...map.keys()], [...map.values()]]);
        }
      }),
    );
  });
});
