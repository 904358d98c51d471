import type { ContractSubject } from '../../../test/contract/index.js';
import type { CliOutput } from '../cli-io.js';
import type { ClauseOutcome, ContractRun } from '../run-contract.js';
import type { ContractReporter } from './contract-reporter.js';

/** For test harnesses: TAP version 14, one point for each clause, and a last one for the level. */
export class TapReporter implements ContractReporter {
  readonly #out: CliOutput;
  #number = 0;

  constructor(out: CliOutput) {
    this.#out = out;
  }

  start({ name }: ContractSubject): void {
    this.#out.write(`TAP version 14\n# driver contract: ${name.replace(/\s+/g, ' ')}\n`);
  }

  outcome({ clause, result }: ClauseOutcome): void {
    const { status, reason, ms, error } = result;
    // A clause of which a part was skipped is not a passed one.
    const skip = reason === undefined ? undefined : `${status === 'partial' ? 'in part: ' : ''}${reason}`;
    this.#point(status !== 'failed', `${clause.id} ${clause.title}`, skip, {
      ...(error === undefined ? {} : { message: error }),
      group: clause.group,
      duration_ms: ms,
    });
  }

  end({ report, levelError, required }: ContractRun): void {
    this.#point(levelError === undefined, `conformance level: ${report.level ?? 'none'}`, undefined, {
      ...(levelError === undefined ? {} : { message: levelError }),
      required,
      claimed: report.claimed,
      fair_weather: report.fairWeather ?? 'none',
      missing: report.missing.join('; '),
      unproven: report.unproven.join(' '),
    });
    this.#out.write(`1..${this.#number}\n`);
  }

  #point(
    ok: boolean,
    description: string,
    skip: string | undefined,
    diagnostics: Readonly<Record<string, string | number>>,
  ): void {
    this.#number += 1;
    const directive = skip === undefined ? '' : ` # SKIP ${escaped(skip)}`;
    const lines = Object.entries(diagnostics).map(([key, value]) => `  ${key}: ${JSON.stringify(value)}`);
    this.#out.write(
      `${ok ? 'ok' : 'not ok'} ${this.#number} - ${escaped(description)}${directive}\n  ---\n${lines.join('\n')}\n  ...\n`,
    );
  }
}

/** `#` begins a directive. */
function escaped(text: string): string {
  return text.replace(/[\\#]/g, '\\$&').replace(/\s+/g, ' ');
}
