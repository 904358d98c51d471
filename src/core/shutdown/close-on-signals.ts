import closeWithGrace from 'close-with-grace';
import { AccountKeeperError, toAccountKeeperError } from '../errors.js';
import { describeReceived, requireDuration, requireKnownOptions } from '../option-checks.js';

/** What is closed: an `AccountStateStore`. */
export interface ClosableAccount {
  close(options?: { readonly deadlineMs?: number }): Promise<void>;
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
  readonly deadlineMs?: number;
  /** Called, and awaited for a second, when all are closed, before the process exits. */
  readonly onClosed?: (result: ShutdownResult) => void | Promise<void>;
}

/** What became of the accounts. */
export interface ShutdownResult {
  readonly reason: 'SIGTERM' | 'SIGINT' | 'beforeExit';
  /** One of {@link EXIT_CODES}; after `beforeExit` with everything persisted, what the process had set. */
  readonly exitCode: number;
  readonly failures: readonly { readonly account: ClosableAccount; readonly error: AccountKeeperError }[];
}

/** How a process exits that {@link closeOnSignals} ends. 75 and 74 are EX_TEMPFAIL and EX_IOERR of BSD's sysexits.h. */
export const EXIT_CODES: { readonly persisted: 0; readonly spilled: 75; readonly lost: 74 } = Object.freeze({
  /** Everything is in the backend. */
  persisted: 0,
  /** What is not in the backend is in spill files: the next start brings it there. */
  spilled: 75,
  /** Something is in neither of them. */
  lost: 74,
});

interface AccountSet {
  readonly accounts: ClosableAccounts;
  readonly deadlineMs: number;
  readonly onClosed: ((result: ShutdownResult) => void | Promise<void>) | undefined;
}

interface Outcome {
  readonly account: ClosableAccount;
  readonly error: AccountKeeperError | undefined;
}

const DEADLINE_MS = 10_000;

/** What is awaited on top: the deadline of `close()`, and the listeners of the caller. */
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
 * @returns what takes this call back.
 * @throws `CONFIG`
 */
export function closeOnSignals(
  accounts: ClosableAccounts,
  options: CloseOnSignalsOptions = {},
): { readonly uninstall: () => void } {
  const set = checkedSet(accounts, options);
  sets.add(set);
  uninstallListeners ??= closeWithGrace({ delay: false, logger: false, skip: [...SKIPPED] }, shutDown).uninstall;
  return {
    uninstall: () => {
      sets.delete(set);
      if (sets.size > 0) return;
      uninstallListeners?.();
      uninstallListeners = undefined;
    },
  };
}

async function shutDown({ signal }: { readonly signal?: string | undefined }): Promise<void> {
  const reason = signal === 'SIGTERM' || signal === 'SIGINT' ? signal : 'beforeExit';
  const results = await Promise.all([...sets].map((set) => closeSet(set, reason)));
  const codes = results.map(({ exitCode }) => exitCode);
  const { lost, spilled } = EXIT_CODES;
  const ownCode = reason === 'beforeExit' ? Number(process.exitCode ?? 0) : EXIT_CODES.persisted;
  process.exit(codes.includes(lost) ? lost : codes.includes(spilled) ? spilled : ownCode);
}

async function closeSet(
  { accounts, deadlineMs, onClosed }: AccountSet,
  reason: ShutdownResult['reason'],
): Promise<ShutdownResult> {
  const open = [...(typeof accounts === 'function' ? accounts() : accounts)];
  const outcomes = await Promise.all(open.map((account) => closeOne(account, deadlineMs)));
  const failures = outcomes.flatMap(({ account, error }) => (error === undefined ? [] : [{ account, error }]));
  const result: ShutdownResult = { reason, exitCode: exitCodeOf(outcomes), failures };
  if (onClosed !== undefined) await within(GRACE_MS, async () => onClosed(result)).catch(warn);
  return result;
}

async function closeOne(account: ClosableAccount, deadlineMs: number): Promise<Outcome> {
  try {
    await within(deadlineMs + GRACE_MS, () => account.close({ deadlineMs }));
    return { account, error: undefined };
  } catch (thrown) {
    return { account, error: toAccountKeeperError(thrown, 'close') };
  }
}

/** A caller's function that fails keeps no account from being closed. */
function warn(thrown: unknown): void {
  const detail = thrown instanceof Error ? thrown.message : String(thrown);
  process.emitWarning(`onClosed of closeOnSignals failed: ${detail}`, {
    type: 'AccountKeeperWarning',
    code: 'LISTENER_FAILED',
  });
}

function exitCodeOf(outcomes: readonly Outcome[]): number {
  const unpersisted = outcomes.filter(({ account }) => account.isPendingPersist());
  if (unpersisted.length === 0) return EXIT_CODES.persisted;
  return unpersisted.every(({ error }) => error?.spillFile !== undefined) ? EXIT_CODES.spilled : EXIT_CODES.lost;
}

async function within(timeoutMs: number, work: () => Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    const message = `it did not settle within ${timeoutMs} ms`;
    timer = setTimeout(() => reject(new AccountKeeperError('TIMEOUT', message, { outcome: 'unknown' })), timeoutMs);
  });
  try {
    await Promise.race([work(), late]);
  } finally {
    clearTimeout(timer);
  }
}

function checkedSet(accounts: ClosableAccounts, options: CloseOnSignalsOptions): AccountSet {
  requireKnownOptions('closeOnSignals', options, ['deadlineMs', 'onClosed']);
  const { deadlineMs = DEADLINE_MS, onClosed } = options;
  requireDuration('closeOnSignals: deadlineMs', deadlineMs);
  if (onClosed !== undefined && typeof onClosed !== 'function') {
    const message = `closeOnSignals: onClosed: received ${describeReceived(onClosed)}, allowed is a function`;
    throw new AccountKeeperError('CONFIG', message);
  }
  const isIterable = typeof accounts === 'object' && accounts !== null && Symbol.iterator in accounts;
  if (typeof accounts !== 'function' && !isIterable) {
    const message = `closeOnSignals: received ${describeReceived(accounts)}, allowed are accounts, as an iterable or as a function that returns one`;
    throw new AccountKeeperError('CONFIG', message);
  }
  return { accounts, deadlineMs, onClosed };
}
