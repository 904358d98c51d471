import { describe, expect, it } from 'vitest';
import { formatPath } from '../../../src/core/codec/value-check.js';

describe('formatPath', () => {
  it.each([
    { steps: [], path: '$' },
    { steps: ['a', '_b$1', 'C'], path: '$.a._b$1.C' },
    { steps: ['a', 3, 0], path: '$.a[3][0]' },
    { steps: ['3'], path: '$["3"]' },
    { steps: ['', 'stop price', 'a-b', '1a'], path: '$[""]["stop price"]["a-b"]["1a"]' },
    { steps: ['a"b\n'], path: '$["a\\"b\\n"]' },
    { steps: ['é'], path: '$["é"]' },
    { steps: ['m', { verbatim: '.get("k")' }, 'x'], path: '$.m.get("k").x' },
  ])('writes $path', ({ steps, path }) => {
    expect(formatPath(steps)).toBe(path);
  });
});
