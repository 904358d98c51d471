import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { forgetProcess, rememberProcess } from '../support/servers/left-overs.js';

/** What becomes of a process. */
export interface LineProcessListener {
  /** A line `<kind> <JSON>` of its standard output. */
  heard(kind: string, report: unknown): void;
  /** It has ended, and all that it had written was heard. */
  ended(how: string): void;
}

/** A program of ours that is told JSON texts, one a line, and reports in lines `<kind> <JSON>`. */
export class LineProcess {
  readonly #child: ChildProcess;
  readonly #closed: Promise<number | null>;

  /** @param args - the script and its arguments. */
  constructor(args: readonly string[], listener: LineProcessListener) {
    const child = spawn(process.execPath, ['--import', 'tsx', ...args], { stdio: ['pipe', 'pipe', 'inherit'] });
    const { pid, stdin, stdout } = child;
    this.#child = child;
    if (pid !== undefined) rememberProcess(pid);
    // The streams end after the process: what it wrote at last is read by then.
    const lines = createInterface({ input: stdout });
    lines.on('line', (line) => {
      const space = line.indexOf(' ');
      listener.heard(line.slice(0, space), JSON.parse(line.slice(space + 1)));
    });
    this.#closed = Promise.all([once(child, 'close'), once(lines, 'close')]).then(([[code, signal]]) => {
      if (pid !== undefined) forgetProcess(pid);
      listener.ended(`code ${code}, signal ${signal}`);
      return code as number | null;
    });
    // A command to a process that has just been killed says nothing.
    stdin.on('error', () => undefined);
  }

  tell(command: object): void {
    this.#child.stdin?.write(`${JSON.stringify(command)}\n`);
  }

  signal(name: 'SIGSTOP' | 'SIGCONT' | 'SIGTERM'): void {
    this.#child.kill(name);
  }

  /** Resolves when it has ended, and all that it had written was heard: with its exit code, null after a signal. */
  ended(): Promise<number | null> {
    return this.#closed;
  }

  /** SIGKILL; resolves when all that it had written was heard. */
  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#closed;
  }
}
