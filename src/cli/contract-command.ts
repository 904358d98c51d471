import { CONFORMANCE_LEVELS, contractClauses } from '../../test/contract/index.js';
import { tidy } from './cleanup.js';
import { type CliIo, EXIT } from './cli-io.js';
import { contractTarget } from './contract-target.js';
import { oneOf, readArguments, wholeNumber } from './read-arguments.js';
import { makeReporter, REPORTERS, type ReporterName } from './reporters/make-reporter.js';
import { type ContractRun, hasFailed, type RunOptions, runContract } from './run-contract.js';
import { SUBJECT_URL_VARIABLE } from './url-target.js';
import { oneLine, UsageError } from './usage.js';

const OPTIONS = {
  reporter: { type: 'string' },
  tap: { type: 'boolean' },
  json: { type: 'boolean' },
  seed: { type: 'string' },
  timeout: { type: 'string' },
  require: { type: 'string' },
  clause: { type: 'string', multiple: true },
} as const;

/** `accountkeeper contract <url | module>` */
export async function contractCommand(argv: readonly string[], io: CliIo): Promise<number> {
  const { values, target } = readArguments(argv, OPTIONS, 'a URL, or the path of a module');
  const options = runOptions(values);
  const reporter = makeReporter(reporterName(values), io);
  const subject = await contractTarget(target, io.cwd);
  const background = watchBackground();
  const tidied = tidy(subject);
  let run: ContractRun;
  let errors: readonly unknown[];
  try {
    reporter.start?.(subject);
    run = await runContract(tidied.subject, options, (outcome) => reporter.outcome?.(outcome));
    const left = await tidied.clean();
    if (left > 0) io.stderr.write(`accountkeeper: ${left} prefixes that begin with ct- may still hold accounts\n`);
  } catch (error) {
    throw new UsageError(`${subject.name} cannot be tested: ${oneLine(error)}`);
  } finally {
    errors = background.end();
    delete process.env[SUBJECT_URL_VARIABLE];
  }
  reporter.end(run);
  for (const error of errors) io.stderr.write(`accountkeeper: an error that nobody caught: ${oneLine(error)}\n`);
  return hasFailed(run) || errors.length > 0 ? EXIT.failed : EXIT.ok;
}

function runOptions(values: Readonly<Record<string, unknown>>): RunOptions {
  const known = contractClauses.map(({ id }) => id);
  const only = (values['clause'] as readonly string[] | undefined)?.map((id) => oneOf('clause', id, id, known));
  return {
    seed: wholeNumber('seed', values['seed'], 1, 0),
    clauseTimeoutMs: wholeNumber('timeout', values['timeout'], 60_000, 1),
    require: oneOf('require', values['require'], 'nothing', [
      ...CONFORMANCE_LEVELS,
      'fair-weather',
      'claimed',
      'nothing',
    ]),
    ...(only === undefined ? {} : { only }),
  };
}

function reporterName(values: Readonly<Record<string, unknown>>): ReporterName {
  const { tap, json, reporter } = values;
  const given = [tap === true ? 'tap' : undefined, json === true ? 'json' : undefined, reporter];
  const names = given.filter((name) => name !== undefined);
  if (names.length > 1) throw new UsageError('--reporter: expected one, received more than one reporter');
  return oneOf('reporter', names[0], 'readable', REPORTERS);
}

/** Keeps the process alive when a driver lets an error escape; such an error fails the run. */
function watchBackground(): { end(): readonly unknown[] } {
  const errors: unknown[] = [];
  const note = (error: unknown): void => void errors.push(error);
  process.on('uncaughtException', note);
  process.on('unhandledRejection', note);
  return {
    end: () => {
      process.off('uncaughtException', note);
      process.off('unhandledRejection', note);
      return errors;
    },
  };
}
