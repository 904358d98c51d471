import { describe, expect, it, vi } from 'vitest';

describe('the hook at the exit of the process', () => {
  it('is one listener for all, calls each although another fails, and is gone with the last', async () => {
    // A hook of its own, whatever stores of other tests have not closed.
    vi.resetModules();
    const { onProcessExit } = await import('../../../src/core/local-files/exit-hook.js');
    const before = process.listeners('exit');
    const called: string[] = [];
    const undo = [
      onProcessExit(() => called.push('first')),
      onProcessExit(() => {
        throw new RangeError('full');
      }),
      onProcessExit(() => called.push('last')),
    ];
    const added = process.listeners('exit').filter((listener) => !before.includes(listener));
    expect(added).toHaveLength(1);
    expect(() => added[0]?.call(process, 0)).toThrow(RangeError);
    expect(called).toEqual(['first', 'last']);
    for (const forget of undo) forget();
    expect(process.listeners('exit')).toEqual(before);
  });
});
