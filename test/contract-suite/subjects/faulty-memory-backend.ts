import { MemoryBackend } from '../../../src/drivers/memory/backend.js';

/** How a {@link FaultyMemoryBackend} fails. `before`: on reading; `midway`: on the first change; `after`: after the head. */
export type MemoryFault = 'before' | 'midway' | 'after';

/** A memory backend that fails on demand, in the methods that the driver calls. */
export class FaultyMemoryBackend extends MemoryBackend {
  #fault: MemoryFault | undefined;
  readonly #refused = new Set<string>();

  /** Lets the backend fail until the returned function is called. */
  async fail(fault: MemoryFault): Promise<() => Promise<void>> {
    this.#fault = fault;
    return async () => {
      this.#fault = undefined;
    };
  }

  /** Refuses what begins with this key until the returned function is called. */
  async refuse(key: string): Promise<() => Promise<void>> {
    this.#refused.add(key);
    return async () => void this.#refused.delete(key);
  }

  /** All entries, as a copy. */
  entries(): readonly (readonly [string, string])[] {
    return Array.from(super.keys(), (key) => [key, super.get(key) ?? ''] as const);
  }

  /** Makes these the only entries. */
  replace(entries: readonly (readonly [string, string])[]): void {
    for (const key of [...super.keys()]) super.delete(key);
    for (const [key, text] of entries) super.set(key, text);
  }

  override get(key: string): string | undefined {
    this.#failIf('before');
    if (this.#refused.has(key)) throw new Error('the memory refuses the key');
    return super.get(key);
  }

  override neighbours(key: string): ReadonlyMap<string, string> {
    this.#failIf('before');
    return super.neighbours(key);
  }

  override keys(): Generator<string, void, undefined> {
    this.#failIf('before');
    return super.keys();
  }

  override set(key: string, text: string): void {
    this.#failIf('midway');
    super.set(key, text);
    if (key.endsWith(':head')) this.#failIf('after');
  }

  override delete(key: string): boolean {
    this.#failIf('midway');
    return super.delete(key);
  }

  #failIf(fault: MemoryFault): void {
    if (this.#fault === fault) throw new Error(`the memory fails ${fault} it changes`);
  }
}
