import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { findProgram } from '../programs.js';
import { forgetProcess, rememberProcess } from './left-overs.js';
import { poll } from './poll.js';
import { continueTree, isRunning, killTree, signal, stopTree } from './process-tree.js';
import type { SystemUser } from './system-user.js';

export interface ProcessSpec {
  readonly program: string;
  readonly args: readonly string[];
  readonly folder: string;
  /** Both of its outputs are appended here. */
  readonly logFile: string;
  /** Who runs it; the present user by default. */
  readonly user?: SystemUser | undefined;
}

/** A process that ends with this one, whatever this one ends of. */
export class PrivateProcess {
  readonly pid: number;
  readonly #child: ChildProcess;
  readonly #logFile: string;

  private constructor(child: ChildProcess, pid: number, logFile: string) {
    this.#child = child;
    this.pid = pid;
    this.#logFile = logFile;
    rememberProcess(pid);
    child.once('exit', () => forgetProcess(pid));
  }

  static async spawn({ program, args, folder, logFile, user }: ProcessSpec): Promise<PrivateProcess> {
    const log = openSync(logFile, 'a');
    try {
      const child = spawn(...dyingWithUs(program, args), {
        cwd: folder,
        stdio: ['ignore', log, log],
        env: { ...process.env, LC_ALL: 'C', TZ: 'UTC' },
        ...(user === undefined ? {} : { uid: user.uid, gid: user.gid }),
      });
      await once(child, 'spawn');
      if (child.pid === undefined) throw new Error(`${program} has no process id`);
      return new PrivateProcess(child, child.pid, logFile);
    } finally {
      closeSync(log);
    }
  }

  get hasEnded(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  /** What it said last. */
  lastLines(count = 20): string {
    return readFileSync(this.#logFile, 'utf8').trimEnd().split('\n').slice(-count).join('\n');
  }

  /** Asks it to end, and resolves when it has. */
  async end(name: NodeJS.Signals, deadlineMs = 20_000): Promise<void> {
    continueTree(this.pid);
    signal(this.pid, name);
    await this.#ended(deadlineMs);
  }

  async kill(): Promise<void> {
    if (this.hasEnded) return;
    const pids = killTree(this.pid);
    await this.#ended();
    await poll('the end of a killed server', async () => pids.every((pid) => !isRunning(pid)) || undefined);
  }

  pause(): void {
    stopTree(this.pid);
  }

  resume(): void {
    continueTree(this.pid);
  }

  async #ended(deadlineMs?: number): Promise<void> {
    await poll(`the end of process ${this.pid}`, async () => this.hasEnded || undefined, {
      ...(deadlineMs === undefined ? {} : { deadlineMs }),
    });
  }
}

/** Where the system can do it, the kernel kills the server when this process ends without a chance to do it itself. */
function dyingWithUs(program: string, args: readonly string[]): [program: string, args: readonly string[]] {
  const setpriv = findProgram({ name: 'setpriv', debianPackage: 'util-linux' });
  return setpriv === undefined ? [program, args] : [setpriv, ['--pdeathsig', 'KILL', '--', program, ...args]];
}
