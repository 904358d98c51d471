import { describe, expect, it, vi } from 'vitest';
import type { Operation } from '../../../src/drivers/base/operation/operation.js';
import { Operations } from '../../../src/drivers/base/operation/operations.js';
import { rejection } from '../support.js';

const forever = (): Promise<never> => new Promise(() => undefined);

/** An operation that nothing but its limits ends. */
function begin(
  operations: Operations,
  timeoutMs = 60_000,
  signal?: AbortSignal,
): { readonly operation: Operation; readonly ending: Promise<Error> } {
  let operation: Operation | undefined;
  const result = operations.run({ doing: 'work', kind: 'write', timeoutMs, signal }, (running) => {
    operation = running;
    return forever();
  });
  if (operation === undefined) throw new Error('the work was not called');
  return { operation, ending: rejection(result) };
}

describe('an operation', () => {
  it.each([
    ['TIMEOUT', (): ReturnType<typeof begin> => begin(new Operations(), 1)],
    [
      'ABORTED',
      (): ReturnType<typeof begin> => {
        const controller = new AbortController();
        const begun = begin(new Operations(), undefined, controller.signal);
        setImmediate(() => controller.abort());
        return begun;
      },
    ],
    [
      'CLOSED',
      (): ReturnType<typeof begin> => {
        const operations = new Operations();
        setImmediate(() => operations.close());
        return begin(operations);
      },
    ],
  ])('tells its work of %s in each way, with the error of the caller', async (code, started) => {
    const { operation, ending } = started();
    const { signal } = operation;
    const told = vi.fn();
    const taken = vi.fn();
    operation.onEnd(told);
    operation.onEnd(taken)();
    expect(() => operation.assertActive()).not.toThrow();
    expect(signal.aborted).toBe(false);
    const error = await ending;
    expect(error).toMatchObject({ code, outcome: 'unknown' });
    expect(signal.reason).toBe(error);
    expect(() => operation.assertActive()).toThrow(error);
    expect(told).toHaveBeenCalledOnce();
    expect(taken).not.toHaveBeenCalled();
  });

  it('tells of its end whoever asks afterwards', async () => {
    const { operation, ending } = begin(new Operations(), 1);
    const error = await ending;
    const told = vi.fn();
    operation.onEnd(told)();
    expect(told).toHaveBeenCalledOnce();
    expect(operation.signal.reason).toBe(error);
  });

  it('has no end for its work once that has settled', async () => {
    const operations = new Operations();
    const told = vi.fn();
    let signal: AbortSignal | undefined;
    const spec = { doing: 'work', kind: 'read', timeoutMs: 60_000, signal: undefined } as const;
    await operations.run(spec, async (operation) => {
      operation.onEnd(told);
      signal = operation.signal;
    });
    operations.close();
    expect(told).not.toHaveBeenCalled();
    expect(signal?.aborted).toBe(false);
  });

  it('rejects when its work throws', async () => {
    const spec = { doing: 'work', kind: 'read', timeoutMs: 60_000, signal: undefined } as const;
    const result = new Operations().run(spec, () => {
      throw new Error('broken');
    });
    expect(await rejection(result)).toMatchObject({ code: 'UNAVAILABLE', outcome: 'not-applied' });
  });
});
