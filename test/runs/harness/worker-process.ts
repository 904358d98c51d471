import { type ChildProcess, spawn } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { forgetProcess, rememberProcess } from '../../support/servers/left-overs.js';
import type { CommonReports } from './protocol.js';

const ANSWER_LIMIT_MS = 60_000;

/** How a worker is started. */
export interface WorkerStart {
  /** The script, which calls `serve`. */
  readonly script: URL;
  /** The URL of its driver. */
  readonly url: string;
  /** A program and its arguments that the worker runs under. */
  readonly under?: readonly string[];
  /** Hears each report but `acknowledged` and `failed` at once. @default they are kept until {@link WorkerProcess.report} asks for them */
  readonly hear?: (kind: string, report: unknown) => void;
}

/** A process that follows commands and reports, as the run sees it. */
export class WorkerProcess<Command, Reports extends CommonReports> {
  /** What must not happen at all, and has. */
  readonly failures: string[] = [];
  readonly #child: ChildProcess;
  readonly #closed: Promise<number | null>;
  readonly #acknowledged = new Map<string, number>();
  readonly #events = new EventEmitter();
  readonly #hear: (kind: string, report: unknown) => void;
  #reports: { readonly kind: string; readonly report: unknown }[] = [];
  #isExpectedToEnd = false;
  #hasEnded = false;

  constructor({ script, url, under = [], hear = (kind, report) => this.#keep(kind, report) }: WorkerStart) {
    this.#hear = hear;
    const [program = '', ...args] = [...under, process.execPath, '--import', 'tsx', fileURLToPath(script), url];
    const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'inherit'] });
    const { pid, stdin, stdout } = child;
    this.#child = child;
    if (pid !== undefined) rememberProcess(pid);
    // The streams end after the process: its last lines are read by then.
    const lines = createInterface({ input: stdout });
    lines.on('line', (line) => {
      const space = line.indexOf(' ');
      this.#heard(line.slice(0, space), JSON.parse(line.slice(space + 1)));
    });
    this.#closed = Promise.all([once(child, 'close'), once(lines, 'close')]).then(([[code, signal]]) => {
      if (pid !== undefined) forgetProcess(pid);
      if (!this.#isExpectedToEnd) this.failures.push(`the worker ended by itself: code ${code}, signal ${signal}`);
      this.#hasEnded = true;
      this.#events.emit('changed');
      return code as number | null;
    });
    // A command to a process that has just been killed goes nowhere.
    stdin.on('error', () => undefined);
  }

  /** The last step of the account that was acknowledged since the reports were forgotten; 0 if none was. */
  acknowledged(accountId: string): number {
    return this.#acknowledged.get(accountId) ?? 0;
  }

  tell(command: Command): void {
    this.#child.stdin?.write(`${JSON.stringify(command)}\n`);
  }

  /** Tells it to do what ends the process. */
  tellToEnd(command: Command): void {
    this.#isExpectedToEnd = true;
    this.tell(command);
  }

  /**
   * The next report of this kind; all that was written before it was read. Rejects when the process fails or ends
   * without it.
   */
  async report<Kind extends keyof Reports & string>(kind: Kind): Promise<Reports[Kind]> {
    const limit = AbortSignal.timeout(ANSWER_LIMIT_MS);
    for (;;) {
      const index = this.#reports.findIndex((each) => each.kind === kind);
      const [found] = index < 0 ? [] : this.#reports.splice(index, 1);
      if (found !== undefined) return found.report as Reports[Kind];
      if (this.failures.length > 0 || this.#hasEnded) throw new Error(`the worker ended or failed before '${kind}'`);
      if (limit.aborted) throw new Error(`no report '${kind}' within ${ANSWER_LIMIT_MS} ms`);
      await once(this.#events, 'changed', { signal: limit }).catch(() => undefined);
    }
  }

  /** Whether there is such a report that was not asked for. */
  has(kind: keyof Reports & string): boolean {
    return this.#reports.some((each) => each.kind === kind);
  }

  /** Forgets what was reported and acknowledged so far. */
  forgetReports(): void {
    this.#reports = [];
    this.#acknowledged.clear();
  }

  signal(name: 'SIGSTOP' | 'SIGCONT' | 'SIGTERM'): void {
    if (name === 'SIGTERM') this.#isExpectedToEnd = true;
    this.#child.kill(name);
  }

  /** Resolves with the exit code, null after a signal, when the process has ended and all that it wrote was read. */
  ended(): Promise<number | null> {
    return this.#closed;
  }

  /** SIGKILL; resolves when all that it had written was read. */
  async kill(): Promise<void> {
    this.#isExpectedToEnd = true;
    this.#child.kill('SIGKILL');
    await this.#closed;
  }

  #heard(kind: string, report: unknown): void {
    if (kind === 'acknowledged') {
      const { accountId, step } = report as CommonReports['acknowledged'];
      this.#acknowledged.set(accountId, Math.max(this.acknowledged(accountId), step));
      return;
    }
    if (kind === 'failed') this.failures.push(report as string);
    else this.#hear(kind, report);
    this.#events.emit('changed');
  }

  #keep(kind: string, report: unknown): void {
    this.#reports.push({ kind, report });
  }
}
