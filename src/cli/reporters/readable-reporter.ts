import {
  type ClauseStatus,
  CONFORMANCE_LEVELS,
  type ContractSubject,
  contractClauses,
  levelOf,
} from '../../../test/contract/index.js';
import { type CliIo, type CliOutput, type Styler, stylerFor } from '../cli-io.js';
import type { ClauseOutcome, ContractRun } from '../run-contract.js';
import type { ContractReporter } from './contract-reporter.js';

/** For people: clause by clause as they settle, by group, and the level with what stays unproven at the end. */
export class ReadableReporter implements ContractReporter {
  readonly #out: CliOutput;
  readonly #style: Styler;
  #group: string | undefined;

  constructor(io: CliIo) {
    this.#out = io.stdout;
    this.#style = stylerFor(io);
  }

  start({ name }: ContractSubject): void {
    this.#out.write(`${this.#style('bold', `driver contract: ${name}`)}\n`);
  }

  outcome({ clause, result }: ClauseOutcome): void {
    if (clause.group !== this.#group) this.#out.write(`\n  ${clause.group}\n`);
    this.#group = clause.group;
    const { status, reason, ms, error } = result;
    const hasRun = status === 'passed' || status === 'failed' || status === 'partial';
    const title = status === 'failed' ? this.#style('red', clause.title) : clause.title;
    const time = hasRun ? this.#style('dim', ` (${ms} ms)`) : '';
    this.#out.write(`    ${this.#mark(status)} ${clause.id} ${title}${time}\n`);
    if (reason !== undefined) {
      const skipped = status === 'partial' ? 'partly skipped' : 'skipped';
      this.#out.write(this.#style('dim', `        ${skipped}: ${reason}\n`));
    }
    // The first line is the title again.
    for (const line of (error ?? '').split('\n').slice(1)) this.#out.write(`        ${line.trim()}\n`);
  }

  end(run: ContractRun): void {
    const { report, outcomes, levelError, required } = run;
    const count = (...statuses: readonly ClauseStatus[]): number =>
      outcomes.filter(({ result }) => statuses.includes(result.status)).length;
    const failed = count('failed');
    const counts = [
      this.#style('green', `${count('passed')} passed`),
      ...(failed === 0 ? [] : [this.#style('red', `${failed} failed`)]),
      ...(count('partial') === 0 ? [] : [this.#style('yellow', `${count('partial')} partly skipped`)]),
      `${count('not claimed', 'no means')} skipped`,
    ];
    this.#out.write(`\n  ${counts.join(', ')}\n`);
    this.#out.write(`  level proven: ${this.#style('bold', report.level ?? 'none')} (claimed: ${report.claimed})\n`);
    this.#out.write(`  in fair weather, as far as no fault is needed: ${report.fairWeather ?? 'none'}\n`);
    if (report.missing.length > 0) this.#out.write(`  missing for the rest: ${report.missing.join('; ')}\n`);
    this.#unproven(run);
    if (levelError === undefined) return;
    const missed = required === 'nothing' ? levelError : `required: ${required}; ${levelError}`;
    this.#out.write(`\n  ${this.#mark('failed')} ${this.#style('red', missed)}\n`);
  }

  #unproven({ report }: ContractRun): void {
    const results = new Map(report.results.map((result) => [result.id, result]));
    const unproven = contractClauses.filter(({ id }) => report.unproven.includes(id));
    if (unproven.length === 0) return;
    this.#out.write('\n  unproven, by the level that each belongs to\n');
    for (const level of CONFORMANCE_LEVELS) {
      const clauses = unproven.filter((clause) => levelOf(clause) === level);
      const byReason = new Map<string, string[]>();
      for (const { id } of clauses) {
        const reason = results.get(id)?.reason ?? 'failed';
        byReason.set(reason, [...(byReason.get(reason) ?? []), id]);
      }
      for (const [reason, ids] of byReason) this.#out.write(`    ${level.padEnd(8)} ${ids.join(' ')}: ${reason}\n`);
    }
  }

  #mark(status: ClauseStatus): string {
    switch (status) {
      case 'passed':
        return this.#style('green', '✔');
      case 'failed':
        return this.#style('red', '✖');
      case 'partial':
        return this.#style('yellow', '–');
      default:
        return this.#style('dim', '–');
    }
  }
}
