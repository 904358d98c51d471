import { chownSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { forgetFolder, privateFolderPrefix, rememberFolder } from './left-overs.js';
import { freePort } from './network/free-port.js';
import { listensOn } from './network/listening.js';
import { poll } from './poll.js';
import { PrivateProcess } from './private-process.js';
import type { SystemUser } from './system-user.js';
import type { TestServer } from './test-server.js';

/** Where one server lives. */
export interface Place {
  readonly host: string;
  readonly port: number;
  readonly folder: string;
}

/** What tells one kind of server from another. */
export interface ServerKind {
  readonly name: string;
  readonly user?: SystemUser | undefined;
  /** How an administrator ends it. */
  readonly stopSignal: NodeJS.Signals;
  url(place: Place): string;
  /** Before the first start; again, with another port, where the first one turned out to be taken. */
  prepare?(place: Place): Promise<void> | void;
  command(place: Place): readonly [program: string, ...args: string[]];
  /** Rejects, or resolves to false, until the server serves requests. */
  answers(place: Place): Promise<boolean>;
}

const host = '127.0.0.1';
const portAttempts = 5;

/** How long a later start tries to get the port back, and how long it waits between two attempts, in ms. */
const portReturns = { withinMs: 10_000, intervalMs: 100 };

/** One server process in a folder of its own. */
export class PrivateServer implements TestServer {
  readonly host: string = host;
  readonly folder: string;
  readonly #kind: ServerKind;
  readonly #fixedPort: number | undefined;
  #port = 0;
  #process: PrivateProcess | undefined;

  /** @param port - one that was chosen before; by default a free one. */
  constructor(kind: ServerKind, port?: number) {
    this.#kind = kind;
    this.#fixedPort = port;
    this.folder = mkdtempSync(`${privateFolderPrefix()}${kind.name}-`);
    rememberFolder(this.folder);
    if (kind.user !== undefined) chownSync(this.folder, kind.user.uid, kind.user.gid);
  }

  get url(): string {
    return this.#kind.url(this.place);
  }

  get port(): number {
    return this.#port;
  }

  /** Of the process that runs now; undefined while none does. */
  get pid(): number | undefined {
    return this.#running?.pid;
  }

  get place(): Place {
    return { host, port: this.#port, folder: this.folder };
  }

  get logFile(): string {
    return join(this.folder, `${this.#kind.name}.log`);
  }

  /** The first start, with a port that nobody else has; leaves nothing behind when it fails. */
  async create(): Promise<this> {
    try {
      for (let attempt = 1; ; attempt += 1) {
        this.#port = this.#fixedPort ?? (await freePort());
        await this.#kind.prepare?.(this.place);
        const problem = await this.#launch().then(() => undefined, asError);
        if (problem === undefined) return this;
        if (!isPortTaken(problem) || this.#fixedPort !== undefined || attempt === portAttempts) throw problem;
      }
    } catch (error) {
      await this.dispose();
      throw error;
    }
  }

  /**
   * A later start. Clients know the port, so that somebody who has it for a moment is waited for. Once it has rejected,
   * no process is left.
   */
  async start(): Promise<void> {
    if (this.#running !== undefined) throw new Error(`${this.#kind.name} runs already`);
    const endsAt = performance.now() + portReturns.withinMs;
    for (;;) {
      const problem = await this.#launch().then(() => undefined, asError);
      if (problem === undefined) return;
      if (!isPortTaken(problem) || performance.now() > endsAt) throw problem;
      await delay(portReturns.intervalMs);
    }
  }

  /** Once it has settled, no process is left; it rejects when the server had to be killed for that. */
  async stop(): Promise<void> {
    try {
      await this.#running?.end(this.#kind.stopSignal);
    } catch (error) {
      await this.kill();
      throw error;
    }
  }

  async kill(): Promise<void> {
    await this.#running?.kill();
  }

  async pause(): Promise<void> {
    this.#mustRun().pause();
  }

  async resume(): Promise<void> {
    this.#mustRun().resume();
  }

  async dispose(): Promise<void> {
    await this.kill();
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 5 });
    forgetFolder(this.folder);
  }

  async #launch(): Promise<void> {
    const kind = this.#kind;
    const [program, ...args] = kind.command(this.place);
    const process = await PrivateProcess.spawn({
      program,
      args,
      folder: this.folder,
      logFile: this.logFile,
      user: kind.user,
    });
    this.#process = process;
    // The answer of someone else who has taken the port does not count.
    const answers = async (): Promise<boolean> => listensOn(process.pid, this.#port) && kind.answers(this.place);
    try {
      await poll(`${kind.name} to answer`, async () => (await answers()) || undefined, {
        giveUp: () =>
          process.hasEnded ? new Error(`${kind.name} ended while it started:\n${process.lastLines()}`) : undefined,
      });
    } catch (error) {
      await this.kill();
      throw error;
    }
  }

  get #running(): PrivateProcess | undefined {
    return this.#process?.hasEnded === false ? this.#process : undefined;
  }

  #mustRun(): PrivateProcess {
    const running = this.#running;
    if (running === undefined) throw new Error(`${this.#kind.name} does not run`);
    return running;
  }
}

function isPortTaken({ message }: Error): boolean {
  return /address( is)? already in use|failed listening on port/i.test(message);
}

function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown));
}
