import type { Operation, OperationKind } from './operation.js';

/** An operation that ends when whoever runs it says so. */
export class EndingOperation implements Operation {
  readonly kind: OperationKind;
  #ended: { readonly reason: unknown } | undefined;
  #listeners: Set<() => void> | undefined;
  #controller: AbortController | undefined;

  constructor(kind: OperationKind) {
    this.kind = kind;
  }

  /** Most operations are never asked for it, and it takes long to make. */
  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#ended !== undefined) this.#controller.abort(this.#ended.reason);
    }
    return this.#controller.signal;
  }

  onEnd(listener: () => void): () => void {
    if (this.#ended !== undefined) {
      listener();
      return nothing;
    }
    this.#listeners ??= new Set();
    this.#listeners.add(listener);
    return () => void this.#listeners?.delete(listener);
  }

  assertActive(): void {
    if (this.#ended !== undefined) throw this.#ended.reason;
  }

  /** Nobody waits for it any more. The first reason is the one that counts. */
  end(reason: unknown): void {
    if (this.#ended !== undefined) return;
    this.#ended = { reason };
    this.#controller?.abort(reason);
    for (const listener of this.#listeners ?? []) listener();
  }
}

function nothing(): void {}
