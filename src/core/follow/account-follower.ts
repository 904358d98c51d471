import { AccountKeeperError, type ErrorCode } from '../errors.js';
import { parseHeadMeta } from '../ownership/head-meta.js';
import { DEFAULT_FOLLOW_POLL_MS } from '../ownership/ownership-options.js';
import type { AccountHead, OperationOptions, PersistenceDriver } from '../persistence-driver.js';
import { judge } from '../restore/rollback.js';
import { type Clock, systemClock } from '../shared/clock.js';
import { DRIVER_GRACE_MS, within } from '../shared/within.js';
import { changesBetween, type RecordChanges } from './changes.js';
import { HeadFollower } from './head-follower.js';

/** An account as the backend held it at one instant, and how it differs from the former state. */
export interface FollowedAccount extends RecordChanges {
  /** `undefined`: the account was never written. With `dropped`, there are no records. */
  readonly head: AccountHead | undefined;
  /** Record key to stored text. */
  readonly records: ReadonlyMap<string, string>;
  /** Record key to raw text, for records that the driver cannot read. */
  readonly corrupt: ReadonlyMap<string, string>;
}

export interface FollowAccountOptions {
  readonly driver: PersistenceDriver;
  readonly accountId: string;
  readonly clock?: Clock;
  /** Draws evenly from [0, 1), for the jitter of retries. @default Math.random */
  readonly random?: () => number;
  /**
   * How often the head is read, in milliseconds; at most once a second where the driver tells of changes.
   * @default 50
   */
  readonly pollMs?: number;
  /** Called with the first state, and with each later one that is read. Must not throw. */
  readonly onState: (state: FollowedAccount) => void;
  /**
   * Called when a read fails, and once more only when the reason has another code, until one succeeds. The former state
   * holds. Must not throw.
   */
  readonly onError: (error: AccountKeeperError) => void;
  /** Called with the first read that succeeds after an error, behind `onState` where there is news. Must not throw. */
  readonly onRecovered?: () => void;
}

type Content = Pick<FollowedAccount, 'head' | 'records' | 'corrupt'>;

const NO_RECORDS: Pick<FollowedAccount, 'records' | 'corrupt'> = { records: new Map(), corrupt: new Map() };

/**
 * Follows an account that others write, with any driver, until `stop()`. Each state is one snapshot; some may be
 * skipped, and revisions only grow. When less is stored than was shown, or another history, that is an error
 * (`ROLLED_BACK`), and never a state. Errors end nothing, but for `CLOSED`: the driver was closed.
 */
export function followAccount(options: FollowAccountOptions): { stop(): void } {
  const { accountId, clock = systemClock, driver, onError, onRecovered, onState } = options;
  const { pollMs = DEFAULT_FOLLOW_POLL_MS, random = Math.random } = options;
  let shown: Content | undefined;
  let told: ErrorCode | undefined;

  const requireNewer = (head: AccountHead | undefined): void => {
    const { revision, writeId, writerId, meta } = shown?.head ?? {};
    const isKnown = revision !== undefined && writeId !== undefined;
    const known = isKnown ? [{ revision, writeId, writerId, lineage: parseHeadMeta(meta ?? '').lineage }] : [];
    judge(accountId, head, parseHeadMeta(head?.meta ?? ''), { spills: [], damaged: [], known }, {});
  };

  const show = (content: Content): void => {
    const before = shown ?? NO_RECORDS;
    shown = content;
    onState({ ...content, ...changesOf(before, content) });
  };

  const read = async (head: AccountHead | undefined, limits: Required<OperationOptions>): Promise<() => void> => {
    requireNewer(head);
    if (head === undefined || head.dropped) return () => show({ head, ...NO_RECORDS });
    const bounds = {
      clock,
      doing: `load of account ${JSON.stringify(accountId)}`,
      outcome: 'not-applied' as const,
      timeoutMs: limits.timeoutMs + DRIVER_GRACE_MS,
      signal: limits.signal,
    };
    const stored = await within(bounds, () => driver.load(accountId, limits));
    requireNewer(stored?.head);
    if (stored === undefined) {
      const message = `account ${JSON.stringify(accountId)} was rolled back in the backend: expected revision ${head.revision} or above, received no head`;
      throw new AccountKeeperError('ROLLED_BACK', message, { known: head });
    }
    return () => show(stored);
  };

  const follower = new HeadFollower({
    driver,
    accountId,
    clock,
    random,
    pollMs,
    isShown: (head) =>
      shown !== undefined && shown.head?.writeId === head?.writeId && shown.head?.revision === head?.revision,
    read,
    onFailure: ({ error }) => {
      if (error.code === told) return;
      told = error.code;
      onError(error);
    },
    onRecovered: () => {
      told = undefined;
      onRecovered?.();
    },
  });
  return { stop: () => follower.stop() };
}

/** A record that has become unreadable, or readable again, has changed. */
function changesOf(
  before: Pick<Content, 'records' | 'corrupt'>,
  now: Pick<Content, 'records' | 'corrupt'>,
): RecordChanges {
  const parts = [changesBetween(before.records, now.records, text), changesBetween(before.corrupt, now.corrupt, text)];
  const isGone = (recordKey: string): boolean => !now.records.has(recordKey) && !now.corrupt.has(recordKey);
  return {
    changed: parts.flatMap(({ changed }) => changed),
    removed: parts.flatMap(({ removed }) => removed).filter(isGone),
  };
}

function text(value: string): string {
  return value;
}
