import { randomUUID } from 'node:crypto';
import { isAccountKeeperError } from '../core/errors.js';
import type {
  AccountHead,
  CommitOptions,
  DriverCapabilities,
  DriverLimits,
  DriverWarning,
} from '../core/persistence-driver.js';
import type { MakeDriver } from './url-target.js';
import { oneLine } from './usage.js';

const ROUND_TRIPS = 5;

/** A failure, as it may be shown. */
export interface DoctorError {
  readonly code: string;
  readonly message: string;
}

/** What a throw-away account says. Times are medians in milliseconds. */
type RoundTrip =
  | { readonly ok: true; readonly commitMs: number; readonly loadMs: number }
  | { readonly ok: false; readonly error: DoctorError };

/** What there is to say about a backend. */
export interface Diagnosis {
  readonly name: string;
  readonly capabilities: DriverCapabilities;
  readonly limits: DriverLimits;
  readonly openMs: number;
  readonly warnings: readonly DriverWarning[];
  /** `null` when it could be opened. */
  readonly openError: DoctorError | null;
  /** `null` when it could not be opened. */
  readonly roundTrip: RoundTrip | null;
}

/** Opens the backend and writes, reads and drops an account of its own under a prefix of its own. */
export async function diagnose(make: MakeDriver, timeoutMs: number): Promise<Diagnosis> {
  const driver = make();
  const { name, capabilities, limits } = driver;
  const warnings: DriverWarning[] = [];
  const startedAt = performance.now();
  let openError: DoctorError | null = null;
  try {
    await driver.open({ timeoutMs, onWarning: (warning) => warnings.push(warning) });
  } catch (error) {
    openError = shown(error);
  }
  const openMs = elapsed(startedAt);
  const roundTrip = openError === null ? await tryRoundTrip(make, timeoutMs) : null;
  await Promise.allSettled([driver.close({ timeoutMs })]);
  return { name, capabilities, limits, openMs, warnings, openError, roundTrip };
}

async function tryRoundTrip(make: MakeDriver, timeoutMs: number): Promise<RoundTrip> {
  const accountId = `doctor-${randomUUID().slice(0, 8)}`;
  const driver = make(accountId);
  const commits: number[] = [];
  const loads: number[] = [];
  let head: AccountHead | undefined;
  const options = (write: string): CommitOptions => ({
    expected: head && { revision: head.revision, writeId: head.writeId },
    writerId: 'accountkeeper-doctor',
    writeId: `${accountId}-${write}`,
    timeoutMs,
  });
  try {
    await driver.open({ timeoutMs });
    for (let round = 1; round <= ROUND_TRIPS; round += 1) {
      const batch = { upserts: new Map([['doctor', `round ${round}`]]), deletes: new Set<string>() };
      const committedAt = performance.now();
      head = await driver.commit(accountId, batch, options(`${round}`));
      commits.push(elapsed(committedAt));
      const loadedAt = performance.now();
      const stored = await driver.load(accountId, { timeoutMs });
      loads.push(elapsed(loadedAt));
      if (stored?.records.get('doctor') !== `round ${round}`) throw new Error('what was committed did not come back');
    }
    return { ok: true, commitMs: median(commits), loadMs: median(loads) };
  } catch (error) {
    return { ok: false, error: shown(error) };
  } finally {
    if (head !== undefined) await Promise.allSettled([driver.drop(accountId, options('drop'))]);
    await Promise.allSettled([driver.close({ timeoutMs })]);
  }
}

function shown(error: unknown): DoctorError {
  const line = oneLine(error);
  if (!isAccountKeeperError(error)) return { code: 'UNAVAILABLE', message: line };
  return { code: error.code, message: line.slice(`${error.code}: `.length) };
}

function elapsed(since: number): number {
  return Math.round((performance.now() - since) * 100) / 100;
}

function median(numbers: readonly number[]): number {
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? 0;
}
