import { type Operation, whenAborted } from '../../../src/drivers/base/operation.js';

/** An operation that ends when the test says so. */
export function manualOperation(): { readonly operation: Operation; readonly end: (reason?: Error) => void } {
  const controller = new AbortController();
  const { signal } = controller;
  return {
    operation: {
      kind: 'write',
      signal,
      assertActive: () => signal.throwIfAborted(),
      onEnd: (listener) => whenAborted(signal, listener),
    },
    end: (reason = new Error('ended')) => controller.abort(reason),
  };
}
