import { isAccountKeeperError } from '../core/errors.js';
import { redactUrl } from '../core/redact.js';

/** What the user has to change. The message is one line, without credentials. */
export class UsageError extends Error {
  override readonly name: string = 'UsageError';
}

/** What was thrown, as one line that may be shown. */
export function oneLine(thrown: unknown): string {
  const text = thrown instanceof Error ? thrown.message : String(thrown);
  const line = text.split('\n', 1)[0] ?? '';
  // The messages of this library carry no credentials; those of others may.
  return isAccountKeeperError(thrown) ? `${thrown.code}: ${line}` : redactUrl(line);
}
