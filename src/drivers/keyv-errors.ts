import { AccountKeeperError, isAccountKeeperError } from '../core/errors.js';

/** What an adapter threw or emitted, as an error of this library. What was sent to be written may have landed. */
export function adapterError(doing: string, kind: 'read' | 'write', thrown: unknown): AccountKeeperError {
  if (isAccountKeeperError(thrown)) return thrown;
  return new AccountKeeperError('UNAVAILABLE', `${doing}: the adapter failed (${labelOf(thrown)})`, {
    outcome: kind === 'read' ? 'not-applied' : 'unknown',
    cause: withoutCommand(thrown),
  });
}

/** The error's code or name: its message may hold what it likes. */
function labelOf(thrown: unknown): string {
  if (!(thrown instanceof Error)) return typeof thrown;
  const code = 'code' in thrown ? thrown.code : undefined;
  return typeof code === 'string' ? code : thrown.name;
}

/** Clients of Redis put the command on the error, and with it the password where the command was AUTH. */
function withoutCommand(thrown: unknown): unknown {
  if (!(thrown instanceof Error)) return new Error(`an adapter failed with a ${typeof thrown}`);
  if (!('command' in thrown)) return thrown;
  const copy = new Error(thrown.message);
  copy.name = thrown.name;
  if (thrown.stack !== undefined) copy.stack = thrown.stack;
  return copy;
}
