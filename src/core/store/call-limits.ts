import type { Clock } from '../clock.js';
import { AccountKeeperError } from '../errors.js';
import { requireDuration } from '../option-checks.js';
import type { FlushCallOptions } from './store-options.js';

/**
 * Waits for the promise within the caller's limits. What it waits for goes on regardless.
 *
 * @throws `TIMEOUT` or `ABORTED`, outcome `unknown`
 */
export async function withCallLimits(
  doing: string,
  clock: Clock,
  { timeoutMs, signal }: FlushCallOptions,
  promise: Promise<void>,
): Promise<void> {
  if (timeoutMs === undefined && signal === undefined) return promise;
  const cleanups: (() => void)[] = [];
  const limit = new Promise<never>((_, reject) => {
    const abort = (): void => {
      reject(new AccountKeeperError('ABORTED', `${doing} was aborted`, { outcome: 'unknown', cause: signal?.reason }));
    };
    if (signal?.aborted) abort();
    signal?.addEventListener('abort', abort);
    cleanups.push(() => signal?.removeEventListener('abort', abort));
    if (timeoutMs === undefined) return;
    const timer = clock.setTimeout(
      () => {
        reject(
          new AccountKeeperError('TIMEOUT', `${doing} did not finish within ${timeoutMs} ms`, { outcome: 'unknown' }),
        );
      },
      requireDuration('timeoutMs', timeoutMs),
    );
    cleanups.push(() => timer.cancel());
  });
  try {
    await Promise.race([promise, limit]);
  } finally {
    for (const cleanup of cleanups) cleanup();
  }
}
