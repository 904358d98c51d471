import { dueAt, type Operation, type Specification } from './specification.js';

/**
 * Whether a tiny history is linearizable, by trying every order of every set of operations that could have taken effect.
 * It shares nothing with the search but the specification.
 */
export function isLinearizableByForce<State, Input, Output>(
  specification: Specification<State, Input, Output>,
  operations: readonly Operation<Input, Output>[],
): boolean {
  const required = operations.filter(({ output }) => output !== undefined);
  const optional = operations.filter(({ output }) => output === undefined);
  return subsets(optional).some((some) =>
    permutations([...required, ...some]).some((order) => respectsTime(order) && explains(specification, order)),
  );
}

function respectsTime<Input, Output>(order: readonly Operation<Input, Output>[]): boolean {
  return order.every((later, index) => order.slice(0, index).every((earlier) => dueAt(later) > earlier.invokedAt));
}

function explains<State, Input, Output>(
  specification: Specification<State, Input, Output>,
  order: readonly Operation<Input, Output>[],
): boolean {
  let state: State | undefined = specification.initial;
  for (const { input, output } of order) {
    if (state === undefined) return false;
    state = specification.step(state, input, output);
  }
  return state !== undefined;
}

function subsets<T>([first, ...others]: readonly T[]): readonly (readonly T[])[] {
  if (first === undefined) return [[]];
  return subsets(others).flatMap((rest) => [rest, [first, ...rest]]);
}

function permutations<T>(elements: readonly T[]): readonly (readonly T[])[] {
  if (elements.length === 0) return [[]];
  return elements.flatMap((element, index) =>
    permutations(elements.toSpliced(index, 1)).map((rest) => [element, ...rest]),
  );
}
