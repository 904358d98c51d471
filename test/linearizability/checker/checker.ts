import { dueAt, type Operation, type Specification } from './specification.js';

/** What the search found. */
export type Verdict<Input, Output> =
  | {
      readonly isLinearizable: true;
      /** The operations that took effect, in an order that explains every output. */
      readonly order: readonly Operation<Input, Output>[];
    }
  | {
      readonly isLinearizable: false;
      /** The longest order that explains the outputs of those in it. */
      readonly longest: readonly Operation<Input, Output>[];
    };

/** A place in the search. */
interface Frame<State> {
  readonly state: State;
  /** What has taken effect, as a set of bits. */
  readonly done: bigint;
  readonly order: readonly number[];
}

/**
 * Whether the history is linearizable: whether there is an order of its operations in which each output is the one that
 * the specification gives, and in which an operation that returned before another one was invoked comes first.
 *
 * It is the search of J. M. Wing and C. Gong, "Testing and Verifying Concurrent Objects" (Journal of Parallel and
 * Distributed Computing 17, 1993): take one of the operations that nothing pending precedes, see whether the
 * specification allows its output now, and go on with the rest; go back where that fails. With the memory of G. Lowe,
 * "Testing for linearizability" (Concurrency and Computation: Practice and Experience 29(4), 2017): the same set of
 * operations that leads to the same state again is not searched again. An operation that fits and changes nothing is
 * taken at once: whatever order exists without it there, exists with it there as well.
 */
export function checkHistory<State, Input, Output>(
  specification: Specification<State, Input, Output>,
  operations: readonly Operation<Input, Output>[],
): Verdict<Input, Output> {
  const sorted = operations.toSorted((one, other) => one.invokedAt - other.invokedAt);
  const required = sorted.reduce(
    (set, operation, index) => (operation.output === undefined ? set : set | bit(index)),
    0n,
  );
  const seen = new Set<string>();
  const open: Frame<State>[] = [{ state: specification.initial, done: 0n, order: [] }];
  let longest: readonly number[] = [];
  const named = (order: readonly number[]): readonly Operation<Input, Output>[] =>
    order.flatMap((index) => sorted[index] ?? []);

  for (let frame = open.pop(); frame !== undefined; frame = open.pop()) {
    const { state, done, order } = withoutChange(specification, sorted, frame);
    if (order.length > longest.length) longest = order;
    if ((done & required) === required) return { isLinearizable: true, order: named(order) };
    const key = `${done.toString(36)} ${specification.keyOf(state)}`;
    if (seen.has(key)) continue;
    seen.add(key);
    const choices = candidates(sorted, done).flatMap(([index, { input, output }]) => {
      const next = specification.step(state, input, output);
      // What changes nothing and was not taken has an output that nobody saw: it need not take effect at all.
      return next === undefined || next === state
        ? []
        : [{ state: next, done: done | bit(index), order: [...order, index] }];
    });
    // The last one is searched first: those whose output was seen, before those that may never have taken effect.
    const isSeen = ({ order: [...path] }: Frame<State>): boolean => sorted[path.at(-1) ?? 0]?.output !== undefined;
    open.push(...choices.filter((choice) => !isSeen(choice)), ...choices.filter(isSeen));
  }
  return { isLinearizable: false, longest: named(longest) };
}

/** Takes all operations that fit and change nothing, until there is none. */
function withoutChange<State, Input, Output>(
  specification: Specification<State, Input, Output>,
  sorted: readonly Operation<Input, Output>[],
  frame: Frame<State>,
): Frame<State> {
  let { done, order } = frame;
  for (;;) {
    const fitting = candidates(sorted, done).filter(
      ([, { input, output }]) => output !== undefined && specification.step(frame.state, input, output) === frame.state,
    );
    if (fitting.length === 0) return { state: frame.state, done, order };
    for (const [index] of fitting) done |= bit(index);
    order = [...order, ...fitting.map(([index]) => index)];
  }
}

/** Those that nothing pending precedes. */
function candidates<Input, Output>(
  sorted: readonly Operation<Input, Output>[],
  done: bigint,
): readonly (readonly [index: number, operation: Operation<Input, Output>])[] {
  const pending = [...sorted.entries()].filter(([index]) => (done & bit(index)) === 0n);
  const firstDue = pending.reduce((due, [, operation]) => Math.min(due, dueAt(operation)), Number.POSITIVE_INFINITY);
  return pending.filter(([, { invokedAt }]) => invokedAt < firstDue);
}

function bit(index: number): bigint {
  return 1n << BigInt(index);
}
