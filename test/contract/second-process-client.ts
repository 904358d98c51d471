import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { AccountHead, CommitBatch, CommitOptions, StoredAccount } from '../../src/core/persistence-driver.js';
import type { Increments } from './increments.js';
import type { SecondProcessCall, SecondProcessMessage, SecondProcessRequest } from './second-process-protocol.js';
import type { ContractSubject } from './subject.js';

interface Waiting {
  /** The request. */
  readonly method: SecondProcessCall['method'] | 'start';
  resolve(value: unknown): void;
  reject(error: Error): void;
}

/** How a process ended. */
export interface ProcessEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A child process with a driver on the subject's backend. */
export class SecondProcess {
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, Waiting>();
  readonly #listeners = new Set<(accountId: string, count: number) => void>();
  readonly #ready: Promise<void>;
  #settleReady: Waiting | undefined;
  #stderr = '';
  #last = 0;
  #end: ProcessEnd | undefined;
  /** Resolves when the process has ended. */
  readonly ended: Promise<ProcessEnd>;

  private constructor(child: ChildProcess) {
    this.#child = child;
    this.#ready = new Promise((resolve, reject) => {
      this.#settleReady = { method: 'start', resolve: () => resolve(), reject };
    });
    this.ended = new Promise((resolve) => {
      child.once('exit', (code, signal) => {
        this.#end = { code, signal };
        this.#failAll(`it ended with ${signal ?? `exit code ${code}`}`);
        resolve(this.#end);
      });
    });
    child.once('error', (error) => this.#failAll(error.message));
    child.on('message', (message: SecondProcessMessage) => this.#receive(message));
    child.stderr?.on('data', (chunk: Buffer) => {
      this.#stderr = (this.#stderr + chunk.toString('utf8')).slice(-2000);
    });
  }

  /** Starts the process; resolves when it has made its driver. */
  static async start(subject: ContractSubject, prefix: string): Promise<SecondProcess> {
    if (subject.module === undefined) throw new TypeError('the subject has no module');
    const child = fork(fileURLToPath(program()), [moduleUrl(subject.module), prefix], {
      execArgv: [...(subject.execArgv ?? inheritedExecArgv())],
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    const started = new SecondProcess(child);
    await started.#ready;
    return started;
  }

  async open(): Promise<void> {
    await this.#call({ method: 'open' });
  }

  async close(): Promise<void> {
    await this.#call({ method: 'close' });
  }

  async head(accountId: string): Promise<AccountHead | undefined> {
    return (await this.#call({ method: 'head', accountId })) as AccountHead | undefined;
  }

  async load(accountId: string): Promise<StoredAccount | undefined> {
    return (await this.#call({ method: 'load', accountId })) as StoredAccount | undefined;
  }

  async accounts(): Promise<readonly string[]> {
    return (await this.#call({ method: 'accounts' })) as readonly string[];
  }

  async commit(accountId: string, batch: CommitBatch, options: CommitOptions): Promise<AccountHead> {
    return (await this.#call({ method: 'commit', accountId, batch, options })) as AccountHead;
  }

  async increment(increments: Increments): Promise<void> {
    await this.#call({ method: 'increment', increments });
  }

  /** Lets the process go; it has to exit by itself then. */
  disconnect(): void {
    this.#send({ method: 'disconnect' });
  }

  /**
   * Makes the process commit to the accounts, side by side, until it is killed, which happens right after the
   * acknowledgement of that many commits.
   *
   * @returns how many it had acknowledged, by account.
   */
  async killWhileCommitting(
    accountIds: readonly string[],
    records: number,
    valueLength: number,
    after: number,
  ): Promise<ReadonlyMap<string, number>> {
    const acknowledged = new Map<string, number>();
    let left = after;
    const enough = new Promise<void>((resolve) => {
      this.#listeners.add((accountId, count) => {
        acknowledged.set(accountId, count);
        left -= 1;
        if (left <= 0) resolve();
      });
    });
    const failure = this.#call({ method: 'commitForever', accountIds, records, valueLength });
    await Promise.race([enough, failure]);
    failure.catch(() => undefined);
    await this.kill();
    return acknowledged;
  }

  /** Ends the process by SIGKILL, if it has not ended. */
  async kill(): Promise<void> {
    if (this.#end === undefined) this.#child.kill('SIGKILL');
    await this.ended;
  }

  #send(call: SecondProcessCall): number {
    this.#last += 1;
    const request: SecondProcessRequest = { number: this.#last, call };
    this.#child.send(request);
    return this.#last;
  }

  #call(call: SecondProcessCall): Promise<unknown> {
    return new Promise((resolve, reject) => {
      this.#waiting.set(this.#send(call), { method: call.method, resolve, reject });
    });
  }

  #receive(message: SecondProcessMessage): void {
    switch (message.kind) {
      case 'ready':
        this.#settleReady?.resolve(undefined);
        break;
      case 'unusable':
        this.#failAll(message.message);
        break;
      case 'acknowledged':
        for (const listener of this.#listeners) listener(message.accountId, message.count);
        break;
      case 'result':
        this.#waiting.get(message.number)?.resolve(message.value);
        this.#waiting.delete(message.number);
        break;
      case 'error':
        this.#fail(message.number, `${message.code ?? 'no code'}: ${message.message}`);
        break;
    }
  }

  #failAll(why: string): void {
    this.#settleReady?.reject(this.#error('start', why));
    for (const number of [...this.#waiting.keys()]) this.#fail(number, why);
  }

  #fail(number: number, why: string): void {
    const waiting = this.#waiting.get(number);
    this.#waiting.delete(number);
    waiting?.reject(this.#error(waiting.method, why));
  }

  #error(method: Waiting['method'], why: string): Error {
    return new Error(`the second process failed in ${method}: ${why}${this.#stderr === '' ? '' : `\n${this.#stderr}`}`);
  }
}

/** This file and the program are compiled together, or run from their sources together. */
function program(): URL {
  if (import.meta.url.endsWith('.ts')) return new URL('./second-process.ts', import.meta.url);
  return new URL('./second-process.js', import.meta.url);
}

function moduleUrl(module: string | URL): string {
  if (module instanceof URL) return module.href;
  return module.startsWith('file:') ? module : pathToFileURL(module).href;
}

/** Without what would make the child a test run, or a debuggee, of its own. */
function inheritedExecArgv(): readonly string[] {
  return process.execArgv.filter((option) => !/^--(?:test|inspect|watch)/.test(option));
}
