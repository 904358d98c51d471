import type { Clock } from '../clock.js';
import { AccountKeeperError } from '../errors.js';
import { describeReceived, requireDuration } from '../option-checks.js';
import type { AccountHead, DriverWarning, PersistenceDriver, StoredAccount } from '../persistence-driver.js';
import { claim, requireOwnHead } from './claim.js';
import { Deadline } from './deadline.js';
import type { ReadAccount } from './record-reader.js';
import type { RestoreOptions } from './restore-options.js';

const RESTORE_TIMEOUT_MS = 30_000;

/** What a take-over works with. */
export interface TakeOverParts {
  readonly driver: PersistenceDriver;
  readonly accountId: string;
  readonly clock: Clock;
  readonly createId: () => string;
  readonly onRejected: 'throw' | 'quarantine';
  readonly onWarning: (warning: DriverWarning) => void;
  readonly read: (stored: StoredAccount) => Promise<ReadAccount>;
  /** Aborted when the store closes. */
  readonly closing: AbortSignal;
}

/** An account that was loaded, and belongs to the writer named in its head. */
export interface RestoredAccount {
  readonly head: AccountHead;
  readonly account: ReadAccount;
}

const NO_RECORDS: ReadAccount = { records: [], rejected: [] };

/**
 * Loads and decodes the account, then claims it: an account that cannot be read is never claimed. When somebody
 * committed between the two, it is loaded once more after the claim, now that the former owner cannot write.
 */
export async function takeOver(parts: TakeOverParts, options: RestoreOptions): Promise<RestoredAccount> {
  const { accountId, clock, closing, createId, driver, onWarning } = parts;
  const timeoutMs = requireDuration('timeoutMs', options.timeoutMs ?? RESTORE_TIMEOUT_MS, 1);
  requireRevision(options.minRevision);
  const signal = options.signal === undefined ? closing : AbortSignal.any([closing, options.signal]);
  const deadline = new Deadline(clock, timeoutMs, signal);
  await deadline.bound((limits) => driver.open({ ...limits, onWarning }));
  const stored = await deadline.bound((limits) => driver.load(accountId, limits));
  requireExpected(stored?.head, options);
  const account = await deadline.bound(() => readAll(parts, stored));
  const claimed = await claim({ driver, accountId, writerId: createId(), createId, clock }, stored?.head, deadline);
  if (!claimed.contested) return { head: claimed.head, account };
  const reloaded = await deadline.bound((limits) => driver.load(accountId, limits));
  requireOwnHead(reloaded?.head, claimed.head);
  return { head: claimed.head, account: await deadline.bound(() => readAll(parts, reloaded)) };
}

async function readAll({ read, onRejected }: TakeOverParts, stored: StoredAccount | undefined): Promise<ReadAccount> {
  const account = stored === undefined ? NO_RECORDS : await read(stored);
  const [first] = account.rejected;
  if (first === undefined || onRejected === 'quarantine') return account;
  const records = account.rejected.map(({ recordKey }) => recordKey);
  const message = `${records.length} stored record(s) cannot be restored; the first: ${first.error.message}`;
  throw new AccountKeeperError('CORRUPT', message, { records, cause: first.error });
}

function requireRevision(minRevision: unknown): void {
  if (minRevision === undefined || (Number.isSafeInteger(minRevision) && Number(minRevision) >= 0)) return;
  const message = `minRevision: received ${describeReceived(minRevision)}, allowed is an integer from 0`;
  throw new AccountKeeperError('CONFIG', message);
}

/** @throws `ROLLED_BACK` when the backend holds less than the caller knows it held. */
function requireExpected(head: AccountHead | undefined, { mustExist, minRevision }: RestoreOptions): void {
  if (mustExist === true && (head === undefined || head.dropped)) {
    throw new AccountKeeperError('ROLLED_BACK', 'the account must exist, and the backend holds none', { head });
  }
  if (minRevision !== undefined && (head?.revision ?? 0) < minRevision) {
    const found = head === undefined ? 'nothing' : `revision ${head.revision}`;
    throw new AccountKeeperError('ROLLED_BACK', `the backend holds ${found}, revision ${minRevision} is required`, {
      head,
    });
  }
}
