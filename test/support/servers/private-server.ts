import { chownSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from './free-port.js';
import { forgetFolder, privateFolderPrefix, rememberFolder } from './left-overs.js';
import { listensOn } from './listening.js';
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
        const problem = await this.start().then(() => undefined, asError);
        if (problem === undefined) return this;
        await this.kill();
        const isTaken = /address( is)? already in use|failed listening on port/i.test(problem.message);
        if (!isTaken || this.#fixedPort !== undefined || attempt === portAttempts) throw problem;
      }
    } catch (error) {
      await this.dispose();
      throw error;
    }
  }

  async start(): Promise<void> {
    const kind = this.#kind;
    if (this.#running !== undefined) throw new Error(`${kind.name} runs already`);
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
    await poll(`${kind.name} to answer`, async () => (await answers()) || undefined, {
      giveUp: () =>
        process.hasEnded ? new Error(`${kind.name} ended while it started:\n${process.lastLines()}`) : undefined,
    });
  }

  async stop(): Promise<void> {
    await this.#running?.end(this.#kind.stopSignal);
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

  get #running(): PrivateProcess | undefined {
    return this.#process?.hasEnded === false ? this.#process : undefined;
  }

  #mustRun(): PrivateProcess {
    const running = this.#running;
    if (running === undefined) throw new Error(`${this.#kind.name} does not run`);
    return running;
  }
}

function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown));
}
