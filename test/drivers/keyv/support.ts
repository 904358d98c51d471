import { EventEmitter } from 'node:events';
import type { KeyvAdapter } from '../../../src/drivers/keyv/client.js';
import { KeyvDriver, type KeyvDriverOptions } from '../../../src/drivers/keyv/driver.js';
import { closing } from '../support.js';

/** A driver on this Keyv or adapter; closed after the test. */
export function keyvDriver(keyv: KeyvDriverOptions['keyv'], more: Partial<KeyvDriverOptions> = {}): KeyvDriver {
  return closing(new KeyvDriver({ keyv, allowUnconditional: true, ...more }));
}

/** How a call of a {@link ScriptedAdapter} can fail. */
export type CallFault = 'throws-before' | 'throws-after' | 'false-before' | 'event-before' | 'event-after';

/** All of them. */
export const CALL_FAULTS: readonly CallFault[] = [
  'throws-before',
  'throws-after',
  'false-before',
  'event-before',
  'event-after',
];

/** What a call does. */
export interface AdapterCall {
  readonly method: 'get' | 'set' | 'delete';
  readonly key: string;
}

/** A storage adapter in memory whose calls a test can see, fail and hold. */
export class ScriptedAdapter extends EventEmitter implements KeyvAdapter {
  readonly entries: Map<string, unknown> = new Map();
  readonly calls: AdapterCall[] = [];
  namespace: string | undefined;
  /** Keyv asks an adapter with an iterator for a dialect, or else a `url`. */
  opts: Record<string, unknown> = { url: 'scripted:' };
  /** Which fault the call has, if any. */
  fault: (call: AdapterCall, index: number) => CallFault | undefined = () => undefined;
  /** Is awaited before the call is carried out. */
  hold: (call: AdapterCall) => Promise<void> | undefined = () => undefined;

  get(key: string): Promise<unknown> {
    return this.#call({ method: 'get', key }, () => this.entries.get(key), undefined);
  }

  set(key: string, value: unknown): Promise<unknown> {
    return this.#call({ method: 'set', key }, () => void this.entries.set(key, value), undefined);
  }

  delete(key: string): Promise<unknown> {
    return this.#call({ method: 'delete', key }, () => this.entries.delete(key), false);
  }

  async clear(): Promise<void> {
    this.entries.clear();
  }

  async *iterator(): AsyncGenerator<readonly [string, unknown]> {
    for (const key of [...this.entries.keys()]) yield [key, await this.get(key)];
  }

  /** Without failing, or being held, from now on. */
  heal(): void {
    this.fault = () => undefined;
    this.hold = () => undefined;
  }

  async #call(call: AdapterCall, work: () => unknown, nothing: unknown): Promise<unknown> {
    const fault = this.fault(call, this.calls.push(call) - 1);
    await this.hold(call);
    // Of a deletion, `false` says that there was nothing to delete, and of a read it is a value.
    if (fault === 'throws-before' || (fault === 'false-before' && call.method !== 'set')) throw new Error('failed');
    if (fault === 'false-before') return false;
    if (fault === 'event-before') {
      this.emit('error', new Error('emitted'));
      return nothing;
    }
    const result = work();
    if (fault === 'throws-after') throw new Error('failed');
    if (fault === 'event-after') this.emit('error', new Error('emitted'));
    return result;
  }
}

/** A promise, and what settles it. */
export function deferred(): { readonly promise: Promise<void>; readonly resolve: () => void } {
  let settle: (() => void) | undefined;
  const promise = new Promise<void>((resolve) => {
    settle = resolve;
  });
  return { promise, resolve: () => settle?.() };
}
