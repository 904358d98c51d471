import { fileURLToPath } from 'node:url';
import { LineProcess } from '../take-over/line-process.js';
import type { Command, Reports } from './protocol.js';

const WORKER = fileURLToPath(new URL('./worker.ts', import.meta.url));
const ANSWER_LIMIT_MS = 60_000;

type AnyReport = Reports[keyof Reports];

/** A process with one store, as the run sees it. */
export class WorkerProcess {
  readonly #process: LineProcess;
  readonly #reports = new Map<string, AnyReport>();
  #heardOne: () => void = () => undefined;
  #ended: string | undefined;

  constructor(url: string) {
    this.#process = new LineProcess([WORKER, url], {
      heard: (kind, report) => {
        this.#reports.set(kind, report as AnyReport);
        this.#heardOne();
      },
      ended: (how) => {
        this.#ended = how;
        this.#heardOne();
      },
    });
  }

  /** What must not happen at all, and has. */
  get failure(): string | undefined {
    return this.heard('failed');
  }

  /** The report of this kind, if there was one. */
  heard<Kind extends keyof Reports>(kind: Kind): Reports[Kind] | undefined {
    return this.#reports.get(kind) as Reports[Kind] | undefined;
  }

  tell(command: Command): void {
    this.#process.tell(command);
  }

  /** The report of this kind. Rejects when the process fails, or ends without it. */
  async report<Kind extends keyof Reports>(kind: Kind): Promise<Reports[Kind]> {
    const giveUpAt = performance.now() + ANSWER_LIMIT_MS;
    while (!this.#reports.has(kind)) {
      if (this.failure !== undefined) throw new Error(this.failure);
      if (this.#ended !== undefined) throw new Error(`the process ended without a report '${kind}': ${this.#ended}`);
      const leftMs = giveUpAt - performance.now();
      if (leftMs <= 0) throw new Error(`no report '${kind}' within ${ANSWER_LIMIT_MS} ms`);
      await this.#next(leftMs);
    }
    return this.#reports.get(kind) as Reports[Kind];
  }

  signal(name: 'SIGTERM'): void {
    this.#process.signal(name);
  }

  /** Resolves with the exit code when the process has ended, and all that it had written was read. */
  ended(): Promise<number | null> {
    return this.#process.ended();
  }

  kill(): Promise<void> {
    return this.#process.kill();
  }

  async #next(withinMs: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve) => {
      this.#heardOne = resolve;
      timer = setTimeout(resolve, withinMs);
    });
    clearTimeout(timer);
  }
}
