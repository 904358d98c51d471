import { existsSync, readdirSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { EXIT_CODES } from 'accountkeeper';
import type { FaultProxy } from '../support/servers/network/fault-proxy.js';
import type { TestServer } from '../support/servers/test-server.js';
import { temporaryFolder } from '../support/temporary-folder.js';
import { networkOf } from './harness/backends.js';
import { type Fault, killed, lost, paused, refused, stopped, type Undo } from './harness/faults.js';
import { untilItAnswers } from './harness/patience.js';
import type { AccountView } from './harness/protocol.js';
import type { Find, Run } from './harness/run.js';
import { readAnew } from './harness/stored.js';
import { WorkerProcess } from './harness/worker-process.js';
import { shows, stateAfter } from './harness/workload.js';
import { planRun, type RunPlan, type SessionPlan, type SpillFault } from './spill-plan.js';
import type { BeginCommand, EndCommand, SpillReports } from './spill-worker.js';

type SpillWorker = WorkerProcess<BeginCommand | EndCommand, SpillReports>;

const WORKER = new URL('./spill-worker.ts', import.meta.url);

/** How long the last process, which has its backend, may take to close. */
const CLOSE_WITHIN_MS = 20_000;

/** A process writes, its backend goes away and stays away until the process has ended; then all of it must be restored. */
export const spill: Run<'runs' | 'rate'> = {
  name: 'spill',
  drivers: ['redis', 'postgres'],
  options: { runs: 100, rate: 1000 },
  make: async ({ backend, find, options, print, seed }) => {
    const { name, url } = backend;
    const { rate, runs } = options;
    print(`${runs} shutdowns without the backend on ${name} under ${rate} changes/s, seed ${seed}`);
    const { connect, server } = networkOf(backend);
    const proxy = await connect();
    const counts: Record<string, number> = {};
    const count = (what: string, times = 1): unknown => (counts[what] = (counts[what] ?? 0) + times);
    let passed = 0;
    let stepsAway = 0;
    for (let index = 1; index <= runs; index += 1) {
      const plan = planRun(seed + index);
      const findings: string[] = [];
      const run = new SpillRun({
        accountId: `spill-${seed + index}`,
        changesPerSecond: rate,
        fault: faultOf(plan.fault, server, proxy),
        find: (what) => findings.push(what),
        plan,
        proxy,
        url,
      });
      await run.make();
      count(plan.fault);
      count(`ended by ${plan.first.end}`);
      count('restores killed', plan.killedRestores.length);
      stepsAway += run.stepsAway;
      if (findings.length === 0) passed += 1;
      else find(`run ${index} (${plan.fault}; --runs 1 --seed ${seed + index - 1}): ${findings.join('; ')}`);
      if (index % 20 === 0) print(`  ${index} runs, ${stepsAway} changes that only a file kept, or the backend too`);
    }
    print(
      `  ${Object.entries(counts)
        .map(([what, times]) => `${what} ${times}`)
        .join(', ')}`,
    );
    print(`${name}: ${passed} of ${runs} runs restored everything from the spill file`);
    return { ...counts, 'steps away': stepsAway };
  },
};

function faultOf(name: SpillFault, server: TestServer, proxy: FaultProxy): Fault {
  const faults: Readonly<Record<SpillFault, Fault>> = {
    killed: killed(server),
    stopped: stopped(server),
    paused: paused(server),
    refused: refused(proxy),
    lost: lost(proxy),
    'answers-lost': lost(proxy, 'to-client'),
  };
  return faults[name];
}

/** What one shutdown is made with. */
interface SpillRunOptions {
  readonly accountId: string;
  readonly changesPerSecond: number;
  readonly fault: Fault;
  readonly find: Find;
  readonly plan: RunPlan;
  /** The workers' way to the backend. */
  readonly proxy: FaultProxy;
  readonly url: string;
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
  /** Steps that were made while the backend was away. */
  stepsAway = 0;
  readonly #options: SpillRunOptions;
  readonly #directory = temporaryFolder('spill-run');
  readonly #workers: SpillWorker[] = [];
  readonly #authors: Authorship[] = [];
  #undo: Undo = async () => undefined;

  constructor(options: SpillRunOptions) {
    this.#options = options;
  }

  /** Makes the run; what goes wrong is a finding. */
  async make(): Promise<void> {
    const { find, proxy } = this.#options;
    try {
      await this.#all();
    } catch (error) {
      find(error instanceof Error ? error.message : String(error));
    } finally {
      await Promise.all(this.#workers.map((worker) => worker.kill()));
      await this.#comeBack();
      proxy.delay(0);
      for (const failure of this.#workers.flatMap(({ failures }) => failures)) find(failure);
    }
  }

  async #all(): Promise<void> {
    const { fault, plan, proxy } = this.#options;
    const { before, delayMs, first, killedRestores } = plan;
    const processes = [undefined, ...killedRestores, undefined].map(() => this.#startWorker());
    const next = (): SpillWorker => processes.shift() ?? this.#startWorker();

    const trader = next();
    await this.#begin(trader, 'first', { isWriting: before > 0, deadlineMs: first.deadlineMs });
    await delay(before);
    this.#undo = await fault.inject();
    await this.#endAway(trader, 'first', first);
    await this.#comeBack();

    proxy.delay(killedRestores.length === 0 ? 0 : delayMs);
    for (const [index, afterMs] of killedRestores.entries()) {
      const victim = next();
      this.#tellBegin(victim, `killed-${index}`, LAST_SESSION);
      await victim.report('restoring');
      await delay(afterMs);
      await victim.kill();
    }
    proxy.delay(0);
    await this.#restoreAll(next());
  }

  /** A new process must find everything, and bring it to the backend. */
  async #restoreAll(worker: SpillWorker): Promise<void> {
    const restored = await this.#begin(worker, 'last', LAST_SESSION);
    await this.#checkStored(restored.view.last?.step ?? 0);
    worker.tellToEnd({ do: 'end', how: 'close', deadlineMs: CLOSE_WITHIN_MS });
    const { error, lastStep } = await worker.report('ended');
    await worker.ended();
    this.#authors.push({ by: 'last', upTo: lastStep });
    if (error !== undefined) this.#options.find(`the last process could not close: ${error}`);
    await this.#checkStored(lastStep);
    const left = readdirSync(this.#directory);
    if (left.length > 0) this.#options.find(`files are left: ${left.join()}`);
  }

  /** Starts a session, which must find everything that was done before it. */
  async #begin(worker: SpillWorker, by: string, how: SessionStart): Promise<SpillReports['restored']> {
    this.#tellBegin(worker, by, how);
    const restored = await worker.report('restored');
    this.#check(`what ${by} restored`, restored.view, this.#authors.at(-1)?.upTo ?? 0);
    const { conflicting = [], damaged = [] } = restored.spills ?? {};
    if (conflicting.length > 0) this.#options.find(`${by} found conflicting files: ${conflicting.join()}`);
    if (damaged.length > 0) this.#options.find(`${by} found damaged files: ${damaged.join()}`);
    return restored;
  }

  #tellBegin(worker: SpillWorker, by: string, { deadlineMs, isWriting }: SessionStart): void {
    worker.tell({
      do: 'begin',
      accountId: this.#options.accountId,
      by,
      directory: this.#directory,
      signalDeadlineMs: deadlineMs,
      changesPerSecond: isWriting ? this.#options.changesPerSecond / this.#options.plan.slowdown : 0,
    });
  }

  /** Ends a session while the backend is away: it must leave a file behind, whichever way it ends. */
  async #endAway(worker: SpillWorker, by: string, { deadlineMs, end, writesMs }: SessionPlan): Promise<void> {
    await delay(writesMs);
    if (end === 'signal') worker.signal('SIGTERM');
    else worker.tellToEnd({ do: 'end', how: end, deadlineMs });
    const { error, file, lastStep } = await worker.report('ended');
    const exitCode = await worker.ended();
    const spilled = worker.has('spilled') ? (await worker.report('spilled')).file : undefined;
    if (end !== 'exit' && error !== 'UNPERSISTED') this.#options.find(`close() of ${by} ended with ${error}`);
    if (end !== 'exit' && file !== spilled) this.#options.find(`close() of ${by} names ${file}, the event ${spilled}`);
    const rightCode = end === 'signal' ? EXIT_CODES.spilled : 0;
    if (exitCode !== rightCode)
      this.#options.find(`${by}, ended by ${end}, exited with ${exitCode}, not with ${rightCode}`);
    if (spilled === undefined || !existsSync(spilled))
      this.#options.find(`${by} left no spill file, at step ${lastStep}`);
    this.stepsAway += lastStep - (this.#authors.at(-1)?.upTo ?? 0);
    this.#authors.push({ by, upTo: lastStep });
  }

  async #checkStored(step: number): Promise<void> {
    const { accountId, url } = this.#options;
    this.#check('what is stored', await untilItAnswers(() => readAnew(url, accountId)), step);
  }

  /** Exactly the state of this step, and each record by the one who made its step. */
  #check(what: string, view: AccountView, step: number): void {
    const { last, symbols } = view;
    if ((last?.step ?? 0) !== step) this.#options.find(`${what} is step ${last?.step ?? 0}, not ${step}`);
    if (!shows(view, stateAfter(step))) this.#options.find(`${what} is not the state of step ${step}`);
    for (const [symbol, entry] of symbols) {
      const author = this.#authors.find(({ upTo }) => entry.step <= upTo)?.by;
      if (entry.by !== author)
        this.#options.find(`${what}: ${symbol} of step ${entry.step} is by ${entry.by}, not by ${author}`);
    }
  }

  async #comeBack(): Promise<void> {
    const undo = this.#undo;
    this.#undo = async () => undefined;
    await undo();
  }

  #startWorker(): SpillWorker {
    const { proxy, url } = this.#options;
    const worker: SpillWorker = new WorkerProcess({ script: WORKER, url: proxy.urlFor(url) });
    this.#workers.push(worker);
    return worker;
  }
}
