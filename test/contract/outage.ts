import type { ErrorCode, ErrorOutcome } from '../../src/core/errors.js';
import { isAccountKeeperError } from '../../src/core/errors.js';
import type { AccountHead } from '../../src/core/persistence-driver.js';
import type { AccountWriter } from './account-writer.js';
import type { ClauseScope } from './clause-scope.js';
import { expectError, expectNever, expectRejection, nextTurn, present, settle, show } from './expectations.js';

/** How long a driver may take to find a backend again that is back, and how long to wait between two tries of it. */
const RECOVERY_MS = 15_000;
const POLL_MS = 50;

/** The codes with which an operation rejects while the backend does not answer. */
export const OUTAGE_CODES: readonly ErrorCode[] = ['TIMEOUT', 'UNAVAILABLE'];

/** Whether the backend is stopped or paused. */
export type Outage = 'stopped' | 'paused';

/** Runs `work` while the backend is stopped or paused. */
export function whileOut<T>(scope: ClauseScope, outage: Outage, work: () => Promise<T>): Promise<T> {
  return outage === 'stopped' ? scope.whileStopped(work) : scope.whilePaused(work);
}

/** The outages that the subject can make. */
export function outagesOf(scope: ClauseScope): readonly Outage[] {
  const outages: Outage[] = [];
  if (scope.canStop) outages.push('stopped');
  if (scope.canPause) outages.push('paused');
  return outages;
}

/** The promise, which must have settled when the deadline and a little more have passed since this call. */
export async function settlesInTime<T>(
  { deadlineMs }: ClauseScope,
  what: string,
  promise: Promise<T>,
): Promise<PromiseSettledResult<T>> {
  const limitMs = deadlineMs * 5;
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), limitMs);
  });
  const result = await Promise.race([settle(promise), late]);
  clearTimeout(timer);
  if (result === undefined) {
    return expectNever(what, `that it settles by its deadline of ${deadlineMs} ms, saw nothing for ${limitMs} ms`);
  }
  return result;
}

/** An operation against a backend that does not answer: it has to reject, by its deadline. */
export async function failsInTime(
  scope: ClauseScope,
  what: string,
  promise: Promise<unknown>,
  outcomes?: readonly ErrorOutcome[],
): Promise<ErrorOutcome> {
  const result = await settlesInTime(scope, what, promise);
  const again = result.status === 'fulfilled' ? Promise.resolve(result.value) : Promise.reject(result.reason);
  const { outcome } = await expectRejection(what, again, OUTAGE_CODES, outcomes);
  return outcome;
}

/** Repeats `work` until the backend is back, and resolves with its result. Until then, it may reject with retryable errors. */
export async function recovered<T>(what: string, work: () => Promise<T>): Promise<T> {
  const result = await settleRecovered(work);
  if (result.status === 'fulfilled') return result.value;
  return expectNever(
    what,
    `that it works within ${RECOVERY_MS} ms after the backend is back, saw ${show(result.reason)}`,
  );
}

/** Repeats `work` while it rejects with retryable errors, and resolves with the final result or error. */
async function settleRecovered<T>(work: () => Promise<T>): Promise<PromiseSettledResult<T>> {
  const giveUpAt = performance.now() + RECOVERY_MS;
  for (;;) {
    const result = await settle(work());
    if (result.status === 'fulfilled' || performance.now() >= giveUpAt) return result;
    const { reason } = result;
    const isTransient = isAccountKeeperError(reason) && reason.retryable && OUTAGE_CODES.includes(reason.code);
    if (!isTransient) return result;
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

/** How long it is watched that nothing happens behind the caller's back. */
const WATCHED_MS = 1000;

/** Looks again and again, for as long as something could still happen behind the caller's back. */
export async function watched(look: () => Promise<void>, forMs: number = WATCHED_MS): Promise<void> {
  const until = performance.now() + forMs;
  do {
    await look();
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  } while (performance.now() < until);
  await look();
}

/** Commits that one record, and no other, on top of whatever is stored, until that is acknowledged. */
export async function takenOver(writer: AccountWriter, value: string): Promise<AccountHead> {
  for (let attempt = 0; attempt < 100; attempt += 1) {
    const stored = await recovered('load of an account to take over', async () => {
      await writer.refresh();
      return present('load', await writer.load());
    });
    const others = [...stored.records.keys()].filter((key) => key !== 'value');
    const options = writer.options();
    const result = await settleRecovered(() => writer.commit({ value }, others, options));
    if (result.status === 'fulfilled') return result.value;
    expectError('a commit on top of the head that was read', result.reason, ['CONFLICT']);
    await nextTurn();
  }
  return expectNever('a commit on top of the head that was read', 'that it succeeds within 100 attempts');
}
