import type { Bot } from './bot.js';
import { must } from './violation.js';
import { isIn } from './world/applied-commit.js';
import { codeOf } from './world/memory.js';
import type { World } from './world.js';

/** Why a flush may reject in a world that is well: somebody else owns the account, or the backend has lost something. */
const LASTING: ReadonlySet<string> = new Set(['FENCED', 'ROLLED_BACK']);
const UNWRITABLE: ReadonlySet<string> = new Set(['INVALID_VALUE', 'TOO_LARGE', 'ENCODE']);

/** In a world that is well again: nothing that can be written may stay pending. */
export function requireSettled({ process, writable: session }: Bot): void {
  if (session === undefined) return;
  const { lastError, ownership, pendingRecords, state } = session.store.persistenceStatus();
  if (lastError === undefined && pendingRecords === 0) session.requireStored();
  const isDone = pendingRecords <= session.rejected.size || lastError?.code === 'ROLLED_BACK';
  must(isDone, 'nothing that can be written stays pending', () => {
    return `${process.name}: ${pendingRecords} pending, ${session.rejected.size} rejected, ${state}, ${ownership}, ${lastError?.message}`;
  });
}

/**
 * In a world that is well again: `flush()` settles, and rejects only for a reason that stays.
 *
 * @returns what to call once it must have settled.
 */
export function flushAtLast(world: World, { process, writable: session }: Bot): () => void {
  if (session === undefined) return () => undefined;
  let settled = false;
  const settle = (): void => {
    settled = true;
  };
  session.store.flush().then(settle, (error: unknown) => {
    settle();
    world.guard(process, () => {
      const code = codeOf(error);
      const isRight = LASTING.has(code) || (UNWRITABLE.has(code) && session.rejected.size > 0);
      must(isRight, 'flush rejects for a right reason', () => `${process.name}: ${code}`);
    });
  });
  return () => must(settled, 'flush settles', () => process.name);
}

/**
 * In a world that is well again: what was rolled back is written above what is stored.
 *
 * @returns what to call once it must have been.
 */
export function persistAtLast(bot: Bot): () => void {
  const { account, process, writable: session } = bot;
  if (session?.isRolledBack !== true) return () => undefined;
  bot.flush('persistAll');
  // What somebody else was acknowledged since is not for this store to undo.
  const isCutOff = account.stored !== undefined && !isIn(account.stored, session.base);
  return () => must(isCutOff || !session.isRolledBack, 'persistAll goes on above a rollback', () => process.name);
}
