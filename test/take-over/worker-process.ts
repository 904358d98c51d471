import { fileURLToPath } from 'node:url';
import { LineProcess } from './line-process.js';
import type { Command, Reports } from './protocol.js';

const WORKER = fileURLToPath(new URL('./worker.ts', import.meta.url));
const ANSWER_LIMIT_MS = 60_000;

type AnyReport = Reports[keyof Reports];

/** How a worker is started. */
export interface WorkerOptions {
  readonly url: string;
  readonly accountId: string;
  readonly changesPerSecond: number;
}

/** A worker as the run sees it. */
export class WorkerProcess {
  readonly failures: string[] = [];
  readonly #process: LineProcess;
  readonly #reports = new Map<string, AnyReport[]>();
  readonly #waiting = new Map<string, (report: AnyReport) => void>();
  #acknowledged = 0;
  #isExpectedToEnd = false;

  constructor({ url, accountId, changesPerSecond }: WorkerOptions) {
    this.#process = new LineProcess([WORKER, url, accountId, String(changesPerSecond)], {
      heard: (kind, report) => this.#heard(kind, report as AnyReport),
      ended: (how) => {
        if (!this.#isExpectedToEnd) this.failures.push(`the worker ended by itself: ${how}`);
      },
    });
  }

  /** The last step of the present ownership that was acknowledged; 0 if none was. */
  get acknowledged(): number {
    return this.#acknowledged;
  }

  /** Has it take the account over. */
  async own(by: string): Promise<Reports['owned']> {
    this.#acknowledged = 0;
    this.#reports.clear();
    this.#tell({ do: 'own', by });
    return this.report('owned');
  }

  /** The next report of this kind; everything that was written before it was read, acknowledgements too. */
  async report<Kind extends keyof Reports>(kind: Kind): Promise<Reports[Kind]> {
    const earlier = this.#reports.get(kind)?.shift();
    if (earlier !== undefined) return earlier as Reports[Kind];
    let timer: NodeJS.Timeout | undefined;
    try {
      return await new Promise<Reports[Kind]>((resolve, reject) => {
        this.#waiting.set(kind, (report) => resolve(report as Reports[Kind]));
        const message = `no report '${kind}' within ${ANSWER_LIMIT_MS} ms`;
        timer = setTimeout(() => reject(new Error(message)), ANSWER_LIMIT_MS);
      });
    } finally {
      clearTimeout(timer);
      this.#waiting.delete(kind);
    }
  }

  /** Whether there is such a report that nobody has asked for. */
  has(kind: keyof Reports): boolean {
    return (this.#reports.get(kind)?.length ?? 0) > 0;
  }

  signal(name: 'SIGSTOP' | 'SIGCONT'): void {
    this.#process.signal(name);
  }

  /** SIGKILL; resolves when all that it had written was read. */
  async kill(): Promise<void> {
    this.#isExpectedToEnd = true;
    await this.#process.kill();
  }

  /** Has it close its store, and end. */
  async end(): Promise<Reports['closed']> {
    this.#isExpectedToEnd = true;
    this.#tell({ do: 'end' });
    const report = await this.report('closed');
    await this.#process.ended();
    return report;
  }

  #tell(command: Command): void {
    this.#process.tell(command);
  }

  #heard(kind: string, report: AnyReport): void {
    if (kind === 'acknowledged') {
      this.#acknowledged = Math.max(this.#acknowledged, report as Reports['acknowledged']);
      return;
    }
    if (kind === 'failed') this.failures.push(report as Reports['failed']);
    const waiting = this.#waiting.get(kind);
    this.#waiting.delete(kind);
    if (waiting !== undefined) waiting(report);
    else this.#reports.set(kind, [...(this.#reports.get(kind) ?? []), report]);
  }
}
