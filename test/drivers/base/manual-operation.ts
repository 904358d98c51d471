import { type Operation, operationUntil } from '../../../src/drivers/base/operation/operation.js';

/** An operation that ends when the test says so. */
export function manualOperation(): { readonly operation: Operation; readonly end: (reason?: Error) => void } {
  const controller = new AbortController();
  return {
    operation: operationUntil(controller.signal, 'write'),
    end: (reason = new Error('ended')) => controller.abort(reason),
  };
}
