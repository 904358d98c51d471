import { randomUUID } from 'node:crypto';
import { mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

const NEXT_SUFFIX = '.next';

/** A file that is being written is finished, or given up, long before. */
const LEFT_OVER_AFTER_MS = 60_000;

/**
 * Puts a new content in the place of a file, or makes it: a reader finds the one or the other, also after a crash of
 * the host, since the new one is synced before it takes the place. Several processes may do so at once.
 */
export async function replaceFile(path: string, content: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const next = `${path}.${randomUUID()}${NEXT_SUFFIX}`;
  const file = await open(next, 'wx', 0o600);
  try {
    try {
      await file.writeFile(content);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(next, path);
  } catch (error) {
    // Why it failed matters more; what is left is removed later.
    await rm(next, { force: true }).catch(() => undefined);
    throw error;
  }
}

/** Removes what processes that were killed have left beside a file. What cannot be removed stays. */
export async function removeLeftOvers(path: string): Promise<void> {
  const directory = dirname(path);
  const names = await readdir(directory).catch(() => []);
  const prefix = `${basename(path)}.`;
  for (const name of names.filter((each) => each.startsWith(prefix) && each.endsWith(NEXT_SUFFIX))) {
    const leftOver = join(directory, name);
    const modifiedMs = await stat(leftOver).then(
      ({ mtimeMs }) => mtimeMs,
      () => Number.POSITIVE_INFINITY,
    );
    if (Date.now() - modifiedMs < LEFT_OVER_AFTER_MS) continue;
    // It takes room and nothing else: no reader looks at it.
    await rm(leftOver, { force: true }).catch(() => undefined);
  }
}
