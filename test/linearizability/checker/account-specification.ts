import type { AccountHead } from '../../../src/core/persistence-driver.js';
import type { Operation, Specification } from './specification.js';

/** The head on which a write was made. */
export type ExpectedHead = Pick<AccountHead, 'revision' | 'writeId'> | undefined;

/** A commit or a drop. */
export interface WriteInput {
  readonly kind: 'commit' | 'drop';
  readonly expected: ExpectedHead;
  readonly writerId: string;
  readonly writeId: string;
  readonly meta: string;
  /** Empty for a drop. */
  readonly upserts: Readonly<Record<string, string>>;
  /** Empty for a drop. */
  readonly deletes: readonly string[];
}

/** What a client asks of a driver. */
export type AccountInput = { readonly kind: 'head' } | { readonly kind: 'load' } | WriteInput;

/** What a driver answers. Operations without effect and without an answer are not part of a history. */
export type AccountOutput =
  | { readonly kind: 'head'; readonly head: AccountHead | undefined }
  | { readonly kind: 'load'; readonly stored: AccountState | undefined }
  | { readonly kind: 'conflict' | 'rolled back'; readonly head: AccountHead | undefined };

/** A head and its records. */
export interface AccountState {
  readonly head: AccountHead;
  readonly records: Readonly<Record<string, string>>;
}

/** One operation on an account. */
export type AccountOperation = Operation<AccountInput, AccountOutput>;

/** What a single account does, as the documentation of `PersistenceDriver` has it. */
export const ACCOUNT_SPECIFICATION: Specification<AccountState | undefined | null, AccountInput, AccountOutput> = {
  // An account that was never written. Undefined means that an output is impossible.
  initial: null,
  step(state, input, output) {
    const stored = state ?? undefined;
    const fits = (actual: AccountOutput): boolean =>
      output === undefined || keyOfOutput(output) === keyOfOutput(actual);
    if (input.kind === 'head') return fits({ kind: 'head', head: stored?.head }) ? state : undefined;
    if (input.kind === 'load') return fits({ kind: 'load', stored }) ? state : undefined;
    const written = write(stored, input);
    return fits(written.output) ? (written.state ?? state) : undefined;
  },
  keyOf: (state) => (state == null ? '' : keyOfState(state)),
};

/** What a write answers; the state it leaves where it changes something. */
function write(
  stored: AccountState | undefined,
  { kind, expected, writerId, writeId, meta, upserts, deletes }: WriteInput,
): { readonly output: AccountOutput; readonly state?: AccountState } {
  const head = stored?.head;
  if (head?.writeId === writeId) return { output: { kind: 'head', head } };
  if (head?.revision !== expected?.revision || head?.writeId !== expected?.writeId) {
    const isOlder = expected !== undefined && (head?.revision ?? 0) < expected.revision;
    return { output: { kind: isOlder ? 'rolled back' : 'conflict', head } };
  }
  const dropped = kind === 'drop';
  const next: AccountHead = { revision: (head?.revision ?? 0) + 1, writerId, writeId, meta, dropped };
  const kept = dropped ? [] : Object.entries(stored?.records ?? {}).filter(([key]) => !deletes.includes(key));
  const records = { ...Object.fromEntries(kept), ...upserts };
  return { output: { kind: 'head', head: next }, state: { head: next, records } };
}

function keyOfOutput(output: AccountOutput): string {
  if (output.kind === 'load') return `load ${output.stored === undefined ? '' : keyOfState(output.stored)}`;
  return `${output.kind} ${keyOfHead(output.head)}`;
}

function keyOfState({ head, records }: AccountState): string {
  const sorted = Object.entries(records).sort(([one], [other]) => (one < other ? -1 : 1));
  return `${keyOfHead(head)} ${JSON.stringify(sorted)}`;
}

function keyOfHead(head: AccountHead | undefined): string {
  if (head === undefined) return 'none';
  return JSON.stringify([head.revision, head.writerId, head.writeId, head.meta, head.dropped]);
}

/** Whether the operation was acknowledged, or may have been applied without that. */
export function isWrite({ input, output }: AccountOperation): boolean {
  return (input.kind === 'commit' || input.kind === 'drop') && (output === undefined || output.kind === 'head');
}
