import { checkHistory } from './checker.js';
import { dueAt, type Operation, type Specification } from './specification.js';

/**
 * A smaller history that is not linearizable either, for a reader: the shortest one in time, without the operations that
 * changed nothing and that the violation does not hang on. Less is asked of the object than before, never more: so what
 * is left was a violation all along.
 *
 * @param isRead - whether the operation is known to have changed nothing
 */
export function minimised<State, Input, Output>(
  specification: Specification<State, Input, Output>,
  operations: readonly Operation<Input, Output>[],
  isRead: (operation: Operation<Input, Output>) => boolean,
): readonly Operation<Input, Output>[] {
  const isViolation = (history: readonly Operation<Input, Output>[]): boolean =>
    !checkHistory(specification, history).isLinearizable;
  let left = shortestPrefix(operations, isRead, isViolation);
  for (const operation of left.filter(isRead).toReversed()) {
    const others = left.filter((other) => other !== operation);
    if (isViolation(others)) left = others;
  }
  return left;
}

/** The history up to the first return that has no explanation. */
function shortestPrefix<Input, Output>(
  operations: readonly Operation<Input, Output>[],
  isRead: (operation: Operation<Input, Output>) => boolean,
  isViolation: (history: readonly Operation<Input, Output>[]) => boolean,
): readonly Operation<Input, Output>[] {
  const returns = operations
    .map(dueAt)
    .filter(Number.isFinite)
    .sort((one, other) => one - other);
  const until = (time: number): readonly Operation<Input, Output>[] =>
    operations.flatMap((operation) => {
      if (operation.invokedAt > time) return [];
      if (dueAt(operation) <= time) return [operation];
      return isRead(operation) ? [] : [{ ...operation, output: undefined }];
    });
  const first = returns.find((time) => isViolation(until(time)));
  return first === undefined ? operations : until(first);
}
