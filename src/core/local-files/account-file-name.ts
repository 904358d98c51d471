import { createHash } from 'node:crypto';

/**
 * A part of file names that stands for an account: readable as far as its id is, different for different ids, and safe
 * on every file system.
 */
export function accountFileName(accountId: string): string {
  const readable = accountId.replace(/[^A-Za-z0-9_-]/g, '_').slice(0, 40);
  // A lone surrogate has no bytes of its own in UTF-8.
  const digest = createHash('sha256').update(Buffer.from(accountId, 'utf16le')).digest('hex').slice(0, 20);
  return `${readable}~${digest}`;
}

/** An id as a part of file names: itself where it is safe, otherwise as {@link accountFileName} has it. */
export function fileNamePart(id: string): string {
  return /^[A-Za-z0-9_-]{1,64}$/.test(id) ? id : accountFileName(id);
}
