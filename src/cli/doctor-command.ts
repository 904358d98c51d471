import { redactUrl } from '../core/redact.js';
import { type CliIo, EXIT, stylerFor } from './cli-io.js';
import { type Diagnosis, type DoctorError, diagnose } from './doctor-check.js';
import { readArguments, wholeNumber } from './read-arguments.js';
import { driversOf, type MakeDriver } from './url-target.js';
import { oneLine, UsageError } from './usage.js';

const OPTIONS = { json: { type: 'boolean' }, timeout: { type: 'string' } } as const;

/** How usable a backend is, and how the command ends. */
const EXIT_CODES = { usable: EXIT.ok, 'usable with warnings': EXIT.warnings, unusable: EXIT.failed } as const;

type Verdict = keyof typeof EXIT_CODES;

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
