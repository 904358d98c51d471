import { randomUUID } from 'node:crypto';
import { isAccountKeeperError } from '../core/errors.js';
import type {
  AccountHead,
  CommitOptions,
  DriverCapabilities,
  DriverLimits,
  DriverWarning,
} from '../core/persistence-driver.js';
import { redactUrl } from '../core/shared/redact.js';
import { type CliIo, EXIT, stylerFor } from './cli-io.js';
import { readArguments, wholeNumber } from './read-arguments.js';
import { driversOf, type MakeDriver } from './url-target.js';
import { oneLine, UsageError } from './usage.js';

const OPTIONS = { json: { type: 'boolean' }, timeout: { type: 'string' } } as const;

const ROUND_TRIPS = 5;

/** How usable a backend is, and how the command ends. */
const EXIT_CODES = { usable: EXIT.ok, 'usable with warnings': EXIT.warnings, unusable: EXIT.failed } as const;

type Verdict = keyof typeof EXIT_CODES;

/** A failure, as it may be shown. */
interface DoctorError {
  readonly code: string;
  readonly message: string;
}

/** The findings on a throw-away account. Times are medians in milliseconds. */
type RoundTrip =
  | { readonly ok: true; readonly commitMs: number; readonly loadMs: number }
  | { readonly ok: false; readonly error: DoctorError };

/** The findings about a backend. */
interface Diagnosis {
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

/** `accountkeeper doctor <url>` */
export async function doctorCommand(argv: readonly string[], io: CliIo): Promise<number> {
  const { values, target } = readArguments(argv, OPTIONS, 'a URL');
  const timeoutMs = wholeNumber('timeout', values['timeout'], 10_000, 1);
  const make = checkedDrivers(target);
  const diagnosis = await diagnose(make, timeoutMs);
  const verdict = verdictOf(diagnosis);
  const url = redactUrl(target);
  if (values['json'] !== true) io.stdout.write(readableText(url, verdict, diagnosis, io));
  else io.stdout.write(`${JSON.stringify({ schema: 1, url, verdict, ...diagnosis }, undefined, 2)}\n`);
  return EXIT_CODES[verdict];
}

/** @throws `UsageError` when no driver can be made of the URL */
function checkedDrivers(url: string): MakeDriver {
  const make = driversOf(url);
  try {
    // Neither does any I/O.
    make();
    make('doctor');
  } catch (error) {
    throw new UsageError(oneLine(error));
  }
  return make;
}

/** Opens the backend and writes, reads and drops an account of its own under a prefix of its own. */
async function diagnose(make: MakeDriver, timeoutMs: number): Promise<Diagnosis> {
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

function verdictOf({ roundTrip, warnings }: Diagnosis): Verdict {
  if (roundTrip?.ok !== true) return 'unusable';
  return warnings.length === 0 ? 'usable' : 'usable with warnings';
}

function readableText(url: string, verdict: Verdict, diagnosis: Diagnosis, io: CliIo): string {
  const style = stylerFor(io);
  const { name, capabilities, limits, openError, openMs, warnings, roundTrip } = diagnosis;
  const rows: [string, string][] = [
    ['url', url],
    ['driver', name],
    ['durability', capabilities.durability],
    ['atomic commit', yesOrNo(capabilities.atomicCommit)],
    ['conditional', yesOrNo(capabilities.conditionalCommit)],
    ['shared', yesOrNo(capabilities.sharedAcrossProcesses)],
    ['limits', `key ${limits.keyBytes}, value ${limits.valueBytes}, batch ${limits.batchBytes} bytes`],
    ['open', openError === null ? `${openMs} ms` : failure(openError)],
  ];
  if (roundTrip?.ok === true) {
    rows.push(['round trip', `commit ${roundTrip.commitMs} ms, load ${roundTrip.loadMs} ms`]);
  } else if (roundTrip !== null) rows.push(['round trip', failure(roundTrip.error)]);
  for (const { code, message } of warnings) rows.push([style('yellow', 'warning'.padEnd(14)), `${code}: ${message}`]);
  const colour = verdict === 'usable' ? 'green' : verdict === 'unusable' ? 'red' : 'yellow';
  rows.push(['verdict', style(colour, verdict)]);
  return rows.map(([title, text]) => `${title.padEnd(14)} ${text}\n`).join('');
}

function yesOrNo(value: boolean): string {
  return value ? 'yes' : 'no';
}

function failure({ code, message }: DoctorError): string {
  return `failed with ${code}: ${message}`;
}
