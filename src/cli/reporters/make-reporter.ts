import type { CliIo } from '../cli-io.js';
import type { ContractReporter } from './contract-reporter.js';
import { jsonReport } from './json-reporter.js';
import { ReadableReporter } from './readable-reporter.js';
import { TapReporter } from './tap-reporter.js';

/** The names that `--reporter` takes. */
export const REPORTERS = ['readable', 'tap', 'json'] as const;

/** One of {@link REPORTERS}. */
export type ReporterName = (typeof REPORTERS)[number];

/** The reporter of that name, on the standard output. */
export function makeReporter(name: ReporterName, io: CliIo): ContractReporter {
  switch (name) {
    case 'readable':
      return new ReadableReporter(io);
    case 'tap':
      return new TapReporter(io.stdout);
    case 'json':
      // For programs: one object at the end.
      return { end: (run) => void io.stdout.write(`${JSON.stringify(jsonReport(run), undefined, 2)}\n`) };
  }
}
