/** What an object does when its operations come one after the other. */
export interface Specification<State, Input, Output> {
  readonly initial: State;
  /**
   * The state after the operation, which is the very same object when the operation changes nothing. `output` is
   * `undefined` for an operation whose answer was never seen: any answer will do.
   *
   * @returns undefined when the operation cannot have this output in this state.
   */
  step(state: State, input: Input, output: Output | undefined): State | undefined;
  /** The same text for states that no operation can tell apart. */
  keyOf(state: State): string;
}

/** One operation, as the client saw it. */
export interface Operation<Input, Output> {
  readonly client: string;
  readonly input: Input;
  /** `undefined`: it takes effect at any time after its invocation, or never. */
  readonly output: Output | undefined;
  /** Times grow: an operation that returned before another one was invoked came before it. */
  readonly invokedAt: number;
  /** Of no meaning without an output. */
  readonly returnedAt: number;
}

/** When the operation must have taken effect; never, for one whose answer was never seen. */
export function dueAt({ output, returnedAt }: Operation<unknown, unknown>): number {
  return output === undefined ? Number.POSITIVE_INFINITY : returnedAt;
}
