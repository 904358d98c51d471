import { createRequire } from 'node:module';
import { types } from 'node:util';
import type CloseWithGrace from 'close-with-grace';
import { refusePromise } from '../account/tables/value-checks.js';
import { type AccountKeeperError, toAccountKeeperError } from '../errors.js';
import { systemClock } from '../shared/clock.js';
import { type ChecksOf, callback, duration, objectWith, readable, readOptions } from '../shared/option-checks.js';
import { describeThrown } from '../shared/thrown.js';
import { within } from '../shared/within.js';
import { warn } from './store-events.js';

/** An account to close: an `AccountStateStore`. */
export interface ClosableAccount {
  close(options?: { readonly timeoutMs?: number }): Promise<void>;
  /** Whether something is not persisted; after `close()`, whether something never was. */
  isPendingPersist(): boolean;
}

/** The accounts, or a function that names those that are open when the process ends. */
export type ClosableAccounts = Iterable<ClosableAccount> | (() => Iterable<ClosableAccount>);

/** Options of {@link closeOnSignals}. */
export interface CloseOnSignalsOptions {
  /**
   * Milliseconds for closing all accounts, side by side.
   * @default 10000
   */
  readonly timeoutMs?: number;
  /** @deprecated The former name of `timeoutMs`. */
  readonly deadlineMs?: number;
  /** Called, and awaited for a second, when all are closed, before the process exits. */
  readonly onClosed?: (result: ShutdownResult) => void | Promise<void>;
}

/** How closing the accounts went. */
export interface ShutdownResult {
  readonly reason: 'SIGTERM' | 'SIGINT' | 'beforeExit';
  /** One of {@link EXIT_CODES}; after `beforeExit` with everything persisted, what the process had set. */
  readonly exitCode: number;
  readonly failures: readonly { readonly account: ClosableAccount; readonly error: AccountKeeperError }[];
}

/** The exit codes of {@link closeOnSignals}. 75 and 74 are EX_TEMPFAIL and EX_IOERR of BSD's sysexits.h. */
export const EXIT_CODES: { readonly persisted: 0; readonly spilled: 75; readonly lost: 74 } = Object.freeze({
  /** Everything is in the backend. */
  persisted: 0,
  /**
   * Changes that are not in the backend are in spill files. The next start writes them to the backend, but only reports the
   * file of a fenced store.
   */
  spilled: 75,
  /** Something is in neither of them. */
  lost: 74,
});

interface AccountSet {
  readonly accounts: ClosableAccounts;
  readonly timeoutMs: number;
  readonly onClosed: ((result: ShutdownResult) => void | Promise<void>) | undefined;
}

interface Outcome {
  readonly account: ClosableAccount;
  readonly error: AccountKeeperError | undefined;
}

const CLOSE_TIMEOUT_MS = 10_000;

/** The extra time for the deadline of `close()` and for the caller's listeners. */
const GRACE_MS = 1_000;

/** All that the library would listen to besides. What it would do at an uncaught error is the caller's to say. */
const SKIPPED = [
  'SIGHUP',
  'SIGQUIT',
  'SIGILL',
  'SIGTRAP',
  'SIGABRT',
  'SIGBUS',
  'SIGFPE',
  'SIGSEGV',
  'SIGUSR2',
  'uncaughtException',
  'unhandledRejection',
] as const;

const sets = new Set<AccountSet>();
let uninstallListeners: (() => void) | undefined;

/**
 * Closes accounts side by side at SIGTERM, SIGINT, or when the process has nothing more to do, and exits with one of
 * {@link EXIT_CODES}. A second signal exits at once, with 1. Several calls share one shutdown. Nothing is listened to
 * before the first call, and uncaught errors stay as they are.
 *
 * @returns a handle whose `uninstall()` undoes this call.
 * @throws `CONFIG`
 */
export function closeOnSignals(
  accounts: ClosableAccounts,
  options?: CloseOnSignalsOptions,
): { readonly uninstall: () => void } {
  const set = checkedSet(accounts, options);
  uninstallListeners ??= listen();
  sets.add(set);
  return {
    uninstall: () => {
      sets.delete(set);
      if (sets.size > 0) return;
      uninstallListeners?.();
      uninstallListeners = undefined;
    },
  };
}

/** Loads the library now, because most programs that import the package do not need it. */
function listen(): () => void {
  const closeWithGrace = createRequire(import.meta.url)('close-with-grace') as typeof CloseWithGrace;
  return closeWithGrace({ delay: false, logger: false, skip: [...SKIPPED] }, shutDown).uninstall;
}

async function shutDown({ signal }: { readonly signal?: string | undefined }): Promise<void> {
  const reason = signal === 'SIGTERM' || signal === 'SIGINT' ? signal : 'beforeExit';
  const results = await Promise.all([...sets].map((set) => closeSet(set, reason)));
  const codes = results.map(({ exitCode }) => exitCode);
  const { lost, spilled } = EXIT_CODES;
  const ownCode = reason === 'beforeExit' ? Number(process.exitCode ?? 0) : EXIT_CODES.persisted;
  process.exit(codes.includes(lost) ? lost : codes.includes(spilled) ? spilled : ownCode);
}

/** Never rejects: what a caller gave must not keep the accounts of the others from being closed. */
async function closeSet(set: AccountSet, reason: ShutdownResult['reason']): Promise<ShutdownResult> {
  const { onClosed, timeoutMs } = set;
  const { open, areAll } = openAccounts(set);
  const outcomes = await Promise.all(open.map((account) => closeOne(account, timeoutMs)));
  const failures = outcomes.flatMap(({ account, error }) => (error === undefined ? [] : [{ account, error }]));
  const result: ShutdownResult = { reason, exitCode: areAll ? exitCodeOf(outcomes) : EXIT_CODES.lost, failures };
  if (onClosed !== undefined) {
    const limits = { clock: systemClock, doing: 'it', timeoutMs: GRACE_MS };
    await within(limits, async () => onClosed(result)).catch((thrown: unknown) => warnOf('onClosed', thrown));
  }
  return result;
}

/** The accounts that could be named. Others may hold what nobody knows of. */
function openAccounts({ accounts }: AccountSet): {
  readonly open: readonly ClosableAccount[];
  readonly areAll: boolean;
} {
  const open: ClosableAccount[] = [];
  try {
    const given = typeof accounts === 'function' ? accounts() : accounts;
    refusePromise('accounts', given);
    for (const account of given) open.push(account);
    return { open, areAll: true };
  } catch (thrown) {
    warnOf('accounts', thrown);
    return { open, areAll: false };
  }
}

async function closeOne(account: ClosableAccount, timeoutMs: number): Promise<Outcome> {
  try {
    const limits = { clock: systemClock, doing: 'close', timeoutMs: timeoutMs + GRACE_MS };
    await within(limits, () => account.close({ timeoutMs }));
    return { account, error: undefined };
  } catch (thrown) {
    return { account, error: toAccountKeeperError(thrown, 'close') };
  }
}

/** A caller's function that fails keeps no account from being closed. */
function warnOf(name: string, thrown: unknown): void {
  warn('LISTENER_FAILED', `${name} of closeOnSignals failed: ${describeThrown(thrown)}`);
}

function exitCodeOf(outcomes: readonly Outcome[]): number {
  const unpersisted = outcomes.filter(({ account, error }) => error?.code === 'UNPERSISTED' || isPending(account));
  if (unpersisted.length === 0) return EXIT_CODES.persisted;
  const isSpilled = ({ error }: Outcome): boolean => error?.spillFile !== undefined && (error.lost ?? []).length === 0;
  return unpersisted.every(isSpilled) ? EXIT_CODES.spilled : EXIT_CODES.lost;
}

function isPending(account: ClosableAccount): boolean {
  try {
    return account.isPendingPersist();
  } catch {
    return true;
  }
}

const CHECKS: ChecksOf<CloseOnSignalsOptions> = {
  timeoutMs: duration(),
  deadlineMs: duration(),
  onClosed: callback(),
};

const accountsCheck = objectWith<ClosableAccounts>(
  'accounts, as an iterable or as a synchronous function that returns one',
  (accounts) => (typeof accounts === 'function' ? !types.isAsyncFunction(accounts) : Symbol.iterator in accounts),
);

function checkedSet(accounts: unknown, options: unknown): AccountSet {
  const {
    deadlineMs = CLOSE_TIMEOUT_MS,
    timeoutMs = deadlineMs,
    onClosed,
  } = readOptions('closeOnSignals', CHECKS, options);
  return { accounts: readable('accounts', () => accountsCheck('accounts', accounts)), timeoutMs, onClosed };
}
