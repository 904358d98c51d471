import { Random } from '../../contract/random.js';
import {
  ACCOUNT_SPECIFICATION,
  type AccountInput,
  type AccountOperation,
  type AccountOutput,
  type AccountState,
  type WriteInput,
} from './account-specification.js';

/** What a legal history is made with. */
export interface GeneratedShape {
  readonly seed: number;
  readonly clients: number;
  /** Besides the last one, a load by somebody else when all others have returned. */
  readonly operations: number;
  /** Of a hundred writes, how many never return. */
  readonly lostPercent: number;
}

interface Pending {
  readonly client: string;
  readonly input: AccountInput;
  readonly invokedAt: number;
  readonly isLost: boolean;
  /** When it takes effect; that of a lost one may be after everything else. */
  output?: AccountOutput;
}

/**
 * A history that is linearizable by the way it came about: in each step one client calls, or a call that is under way
 * takes effect, or one that has taken effect returns.
 */
export function generatedHistory({ seed, clients, operations, lostPercent }: GeneratedShape): AccountOperation[] {
  const random = new Random(seed, 'generated history');
  const history: AccountOperation[] = [];
  const pending = new Set<Pending>();
  const seen = new Map<string, WriteInput['expected']>();
  const writes = new Map<string, WriteInput>();
  let state: AccountState | undefined;
  let time = 0;
  let left = operations;

  const inputOf = (client: string): AccountInput => {
    const kind = random.below(10);
    if (kind < 2) return { kind: 'load' };
    if (kind < 3) return { kind: 'head' };
    const last = writes.get(client);
    if (kind < 5 && last !== undefined) return last;
    const writeId = `${client}${operations - left}`;
    const base = { expected: seen.get(client), writerId: client, writeId, meta: '' };
    const next: WriteInput =
      kind < 6
        ? { ...base, kind: 'drop', upserts: {}, deletes: [] }
        : { ...base, kind: 'commit', upserts: { [random.pick(['a', 'b'])]: writeId }, deletes: [] };
    writes.set(client, next);
    return next;
  };
  const takeEffect = (call: Pending): void => {
    const { output, state: next } = answer(state, call.input);
    call.output = output;
    state = next;
  };
  const leave = (call: Pending): void => {
    pending.delete(call);
    const { client, input, invokedAt, isLost, output } = call;
    time += 1;
    if (isLost) {
      history.push({ client, input, output: undefined, invokedAt, returnedAt: time });
      return;
    }
    if (output === undefined) throw new Error('it has not taken effect');
    const head = output.kind === 'load' ? output.stored?.head : output.head;
    seen.set(client, head);
    history.push({ client, input, output, invokedAt, returnedAt: time });
  };

  while (left > 0 || pending.size > 0) {
    const busy = new Set(Array.from(pending, ({ client }) => client));
    const idle = Array.from({ length: clients }, (_, index) => String.fromCharCode(65 + index)).filter(
      (client) => !busy.has(client),
    );
    const client = idle[random.below(Math.max(1, idle.length))];
    if (client !== undefined && left > 0 && random.below(2) === 0) {
      left -= 1;
      time += 1;
      const input = inputOf(client);
      const isWrite = input.kind === 'commit' || input.kind === 'drop';
      pending.add({ client, input, invokedAt: time, isLost: isWrite && random.below(100) < lostPercent });
      continue;
    }
    const call = [...pending][random.below(Math.max(1, pending.size))];
    if (call === undefined) continue;
    if (call.output === undefined && !(call.isLost && random.below(2) === 0)) takeEffect(call);
    else leave(call);
  }
  const last = answer(state, { kind: 'load' }).output;
  history.push({ client: 'Z', input: { kind: 'load' }, output: last, invokedAt: time + 1, returnedAt: time + 2 });
  return history;
}

/** The output and the next state: the specification is asked which of the possible outputs is right. */
function answer(
  state: AccountState | undefined,
  input: AccountInput,
): { readonly output: AccountOutput; readonly state: AccountState | undefined } {
  const head = state?.head;
  const before = state ?? null;
  const next = ACCOUNT_SPECIFICATION.step(before, input, undefined) ?? undefined;
  const candidates: readonly AccountOutput[] = [
    { kind: 'load', stored: state },
    { kind: 'head', head: next?.head },
    { kind: 'conflict', head },
    { kind: 'rolled back', head },
  ];
  const output = candidates.find((one) => ACCOUNT_SPECIFICATION.step(before, input, one) !== undefined);
  if (output === undefined) throw new Error('no output is right');
  return { output, state: next };
}
