import { WrappedDriver } from '../wrapped-driver.js';

/** Goes on calling a listener that has left. */
export class NeverStopsListening extends WrappedDriver {
  watch(accountId: string, listener: () => void): () => void {
    this.inner.watch?.(accountId, listener);
    return () => undefined;
  }
}
