import type { AccountKeeperError } from '../../core/errors.js';
import { type FollowedAccount, followAccount } from '../../core/follow/account-follower.js';
import type { PersistenceDriver } from '../../core/persistence-driver.js';
import { type CliIo, EXIT, stylerFor } from '../cli-io.js';
import { parseCommandLine, wholeNumber } from '../read-arguments.js';
import { driversOf } from '../url-target.js';
import { oneLine, UsageError } from '../usage.js';
import { jsonWatchReport, readableWatchReport, type WatchReport } from './watch-report.js';

const OPTIONS = { json: { type: 'boolean' }, poll: { type: 'string' } } as const;

const CLOSE_TIMEOUT_MS = 2_000;

/** What is watched, and who hears of it. */
export interface WatchOptions {
  readonly driver: PersistenceDriver;
  readonly accountId: string;
  readonly report: WatchReport;
  /** Milliseconds between two looks. */
  readonly pollMs: number | undefined;
  readonly io: Pick<CliIo, 'stdout' | 'stderr'>;
  /** Aborted when nobody wants to see more. */
  readonly signal: AbortSignal;
}

/** `accountkeeper watch <account> [url]` */
export async function watchCommand(argv: readonly string[], io: CliIo): Promise<number> {
  const { positionals, values } = parseCommandLine(argv, OPTIONS);
  const [accountId, url = io.env['ACCOUNTKEEPER_URL'], ...others] = positionals;
  if (accountId === undefined || url === undefined || others.length > 0) {
    throw new UsageError(
      `received ${positionals.length} arguments, expected an account, and a URL unless ACCOUNTKEEPER_URL is set`,
    );
  }
  const pollMs = values['poll'] === undefined ? undefined : wholeNumber('poll', values['poll'], 0, 1);
  const driver = driverOf(url);
  const report = values['json'] === true ? jsonWatchReport(accountId) : readableWatchReport(accountId, stylerFor(io));
  const stopping = new AbortController();
  const stop = (): void => stopping.abort();
  // Whoever reads the output may leave first.
  const ends = [
    [process, 'SIGINT'],
    [process, 'SIGTERM'],
    [process.stdout, 'error'],
  ] as const;
  for (const [emitter, event] of ends) emitter.on(event, stop);
  try {
    return await watchAccount({ driver, accountId, report, pollMs, io, signal: stopping.signal });
  } finally {
    for (const [emitter, event] of ends) emitter.off(event, stop);
    await Promise.allSettled([driver.close({ timeoutMs: CLOSE_TIMEOUT_MS })]);
  }
}

/** @throws `UsageError` */
function driverOf(url: string): PersistenceDriver {
  try {
    return driversOf(url)();
  } catch (error) {
    throw new UsageError(oneLine(error));
  }
}

/**
 * Prints each state of an account until the signal is aborted. What cannot be read at all ends it; once the account has
 * been read, errors are printed, and it goes on.
 *
 * @returns the exit code
 */
export function watchAccount({ driver, accountId, io, pollMs, report, signal }: WatchOptions): Promise<number> {
  return new Promise((resolve) => {
    let before: FollowedAccount | undefined;
    const end = (code: number): void => {
      follower.stop();
      signal.removeEventListener('abort', abort);
      resolve(code);
    };
    const abort = (): void => end(EXIT.ok);
    const follower = followAccount({
      driver,
      accountId,
      ...(pollMs === undefined ? {} : { pollMs }),
      onState: (now) => {
        io.stdout.write(report.state(now, before));
        before = now;
      },
      onError: (error: AccountKeeperError) => {
        const isFinal = before === undefined && !error.retryable;
        (isFinal ? io.stderr : io.stdout).write(report.error(error));
        if (isFinal) end(EXIT.failed);
      },
      onRecovered: () => {
        io.stdout.write(report.recovered());
      },
    });
    if (signal.aborted) abort();
    else signal.addEventListener('abort', abort, { once: true });
  });
}
