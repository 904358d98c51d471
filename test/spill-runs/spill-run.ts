import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { createDriver, EXIT_CODES } from '../../src/index.js';
import { stateAfter } from '../crash/history.js';
import { untilItAnswers } from '../restarts/patience.js';
import type { AccountView } from '../take-over/protocol.js';
import { storedView } from '../take-over/stored-view.js';
import type { SpillBackend } from './backends.js';
import type { Reports } from './protocol.js';
import { planRun, type RunPlan, type SessionPlan } from './run-plan.js';
import { WorkerProcess } from './worker-process.js';

/** How long the last process, which has its backend, may take to close. */
const CLOSE_WITHIN_MS = 20_000;

/** How to run. */
export interface SpillRunOptions {
  readonly backend: SpillBackend;
  readonly changesPerSecond: number;
  readonly seed: number;
}

/** What a run has shown. */
export interface SpillRunResult {
  readonly plan: RunPlan;
  /** Steps that were made while the backend was away. */
  readonly stepsAway: number;
  /** What is wrong; empty when everything was restored. */
  readonly findings: readonly string[];
}

/** A process writes, its backend goes away and stays away until the process has ended; then all of it must be restored. */
export async function spillRun(options: SpillRunOptions): Promise<SpillRunResult> {
  const directory = mkdtempSync(join(tmpdir(), 'accountkeeper-spill-run-'));
  const run = new SpillRun(options, directory);
  try {
    await run.all();
  } catch (error) {
    run.find(error instanceof Error ? error.message : String(error));
  } finally {
    await run.dispose();
    rmSync(directory, { recursive: true, force: true });
  }
  return { plan: run.plan, stepsAway: run.stepsAway, findings: run.findings };
}

/** How one process begins. */
interface SessionStart {
  readonly isWriting: boolean;
  /** Of `closeOnSignals`, in milliseconds. */
  readonly deadlineMs: number;
}

const LAST_SESSION: SessionStart = { isWriting: false, deadlineMs: CLOSE_WITHIN_MS };

/** The steps that were made under one name. */
interface Authorship {
  readonly by: string;
  readonly upTo: number;
}

class SpillRun {
  readonly plan: RunPlan;
  readonly findings: string[] = [];
  stepsAway = 0;
  readonly #options: SpillRunOptions;
  readonly #directory: string;
  readonly #accountId: string;
  readonly #workers: WorkerProcess[] = [];
  readonly #authors: Authorship[] = [];
  #bringBack: (() => Promise<void>) | undefined;

  constructor(options: SpillRunOptions, directory: string) {
    this.plan = planRun(options.seed);
    this.#options = options;
    this.#directory = directory;
    this.#accountId = `spill-${options.seed}`;
  }

  find(what: string): void {
    this.findings.push(what);
  }

  async all(): Promise<void> {
    const { backend } = this.#options;
    const { before, delayMs, first, killedRestores, outage } = this.plan;
    const processes = [undefined, ...killedRestores, undefined].map(() => this.#startWorker());
    const next = (): WorkerProcess => processes.shift() ?? this.#startWorker();

    const trader = next();
    await this.#begin(trader, 'first', { isWriting: before > 0, deadlineMs: first.deadlineMs });
    await delay(before);
    this.#bringBack = await backend.takeAway(outage);
    await this.#endAway(trader, 'first', first);
    await this.#comeBack();

    backend.proxy.delay(killedRestores.length === 0 ? 0 : delayMs);
    for (const [index, afterMs] of killedRestores.entries()) {
      const victim = next();
      this.#tellBegin(victim, `killed-${index}`, LAST_SESSION);
      await victim.report('restoring');
      await delay(afterMs);
      await victim.kill();
      if (victim.failure !== undefined) this.find(victim.failure);
    }
    backend.proxy.delay(0);
    await this.#restoreAll(next());
  }

  async dispose(): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.kill()));
    await this.#comeBack();
    this.#options.backend.proxy.delay(0);
  }

  /** A new process must find everything, and bring it to the backend. */
  async #restoreAll(worker: WorkerProcess): Promise<void> {
    const restored = await this.#begin(worker, 'last', LAST_SESSION);
    await this.#checkStored(restored.view.last?.step ?? 0);
    worker.tell({ do: 'end', how: 'close', deadlineMs: CLOSE_WITHIN_MS });
    const { error, lastStep } = await worker.report('ended');
    await worker.ended();
    this.#authors.push({ by: 'last', upTo: lastStep });
    if (error !== undefined) this.find(`the last process could not close: ${error}`);
    if (worker.failure !== undefined) this.find(worker.failure);
    await this.#checkStored(lastStep);
    const left = readdirSync(this.#directory);
    if (left.length > 0) this.find(`files are left: ${left.join()}`);
  }

  /** Starts a session, which must find everything that was done before it. */
  async #begin(worker: WorkerProcess, by: string, how: SessionStart): Promise<Reports['restored']> {
    this.#tellBegin(worker, by, how);
    const restored = await worker.report('restored');
    this.#check(`what ${by} restored`, restored.view, this.#authors.at(-1)?.upTo ?? 0);
    const { conflicting = [], damaged = [] } = restored.spills ?? {};
    if (conflicting.length > 0) this.find(`${by} found conflicting files: ${conflicting.join()}`);
    if (damaged.length > 0) this.find(`${by} found damaged files: ${damaged.join()}`);
    return restored;
  }

  #tellBegin(worker: WorkerProcess, by: string, { deadlineMs, isWriting }: SessionStart): void {
    worker.tell({
      do: 'begin',
      accountId: this.#accountId,
      by,
      directory: this.#directory,
      signalDeadlineMs: deadlineMs,
      changesPerSecond: isWriting ? this.#options.changesPerSecond / this.plan.slowdown : 0,
    });
  }

  /** Ends a session while the backend is away: it must leave a file behind, whichever way it ends. */
  async #endAway(worker: WorkerProcess, by: string, { deadlineMs, end, writesMs }: SessionPlan): Promise<void> {
    await delay(writesMs);
    if (end === 'signal') worker.signal('SIGTERM');
    else worker.tell({ do: 'end', how: end, deadlineMs });
    const { error, file, lastStep } = await worker.report('ended');
    const exitCode = await worker.ended();
    const spilled = worker.heard('spilled')?.file;
    if (worker.failure !== undefined) this.find(`${by}: ${worker.failure}`);
    if (end !== 'exit' && error !== 'UNPERSISTED') this.find(`close() of ${by} ended with ${error}`);
    if (end !== 'exit' && file !== spilled) this.find(`close() of ${by} names ${file}, the event ${spilled}`);
    const rightCode = end === 'signal' ? EXIT_CODES.spilled : 0;
    if (exitCode !== rightCode) this.find(`${by}, ended by ${end}, exited with ${exitCode}, not with ${rightCode}`);
    if (spilled === undefined || !existsSync(spilled)) this.find(`${by} left no spill file, at step ${lastStep}`);
    this.stepsAway += lastStep - (this.#authors.at(-1)?.upTo ?? 0);
    this.#authors.push({ by, upTo: lastStep });
  }

  async #checkStored(step: number): Promise<void> {
    const reader = createDriver({ url: this.#options.backend.url, operationTimeoutMs: 2_000 });
    try {
      const stored = await untilItAnswers(() => reader.load(this.#accountId));
      if (stored === undefined) this.find('nothing is stored');
      else this.#check('what is stored', storedView(stored), step);
    } finally {
      await reader.close({ timeoutMs: 2_000 });
    }
  }

  /** Exactly the state of this step, and each record by the one who made its step. */
  #check(what: string, { last, symbols }: AccountView, step: number): void {
    const expected = stateAfter(0, step);
    if ((last?.step ?? 0) !== step) this.find(`${what} is step ${last?.step ?? 0}, not ${step}`);
    const isWhole = symbols.every(([symbol, entry]) => expected.get(symbol) === entry.step);
    if (!isWhole || symbols.length !== expected.size) this.find(`${what} is not the state of step ${step}`);
    for (const [symbol, entry] of symbols) {
      const author = this.#authors.find(({ upTo }) => entry.step <= upTo)?.by;
      if (entry.by !== author)
        this.find(`${what}: ${symbol} of step ${entry.step} is by ${entry.by}, not by ${author}`);
    }
  }

  async #comeBack(): Promise<void> {
    const bringBack = this.#bringBack;
    this.#bringBack = undefined;
    await bringBack?.();
  }

  #startWorker(): WorkerProcess {
    const { proxy, url } = this.#options.backend;
    const worker = new WorkerProcess(proxy.urlFor(url));
    this.#workers.push(worker);
    return worker;
  }
}
