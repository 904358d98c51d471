/** A state of one account: symbol to the step that last changed it. */
export type State = ReadonlyMap<string, number>;

const SYMBOLS = 24;
const MAX_CHANGES = 6;

/** Numbers from 0 to below 2^32 that depend on the seed alone (xorshift after a multiplicative hash). */
export function* numbers(seed: number): Generator<number, never> {
  let state = Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) >>> 0 || 1;
  for (;;) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    state >>>= 0;
    yield state;
  }
}

/** What a step changes: some symbols are written, some deleted. A step is one transaction. */
export function changesOf(
  accountIndex: number,
  step: number,
): { readonly symbol: string; readonly deleted: boolean }[] {
  const random = numbers(step * 31 + accountIndex);
  const count = 1 + (random.next().value % MAX_CHANGES);
  const changes = new Map<string, boolean>();
  for (let index = 0; index < count; index += 1) {
    const symbol = `S${random.next().value % SYMBOLS}USDT`;
    changes.set(symbol, random.next().value % 5 === 0);
  }
  return [...changes].map(([symbol, deleted]) => ({ symbol, deleted }));
}

/** The state after a step, as it must be: the same on every machine and in every run. */
export function stateAfter(accountIndex: number, lastStep: number): State {
  const state = new Map<string, number>();
  for (let step = 1; step <= lastStep; step += 1) {
    for (const { symbol, deleted } of changesOf(accountIndex, step)) {
      if (deleted) state.delete(symbol);
      else state.set(symbol, step);
    }
  }
  return state;
}
