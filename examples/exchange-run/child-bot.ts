import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { BotReport, BotRequest } from './bot-report.js';

const PROGRAM = fileURLToPath(new URL('bot-process.ts', import.meta.url));

export interface ChildBotOptions {
  /** The module that has the bot's `startBot`. */
  readonly module: URL;
  /** The symbol whose metadata is reported. */
  readonly symbol: string;
  /** What `startBot` is given. */
  readonly options: object;
  readonly persistence: string;
}

/** A bot in a process of its own, as its parent sees it. */
export class ChildBot {
  /** Resolves when the process is gone. */
  readonly ended: Promise<void>;
  /** What it wrote to its standard error. */
  errors = '';
  readonly #child: ChildProcess;

  constructor({ module, symbol, options, persistence }: ChildBotOptions) {
    const env = { ...process.env, PERSISTENCE_URL: persistence };
    // The SDKs write to the standard output.
    this.#child = fork(PROGRAM, [module.href, symbol, JSON.stringify(options)], {
      env,
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.errors += text;
    });
    this.ended = new Promise((resolve) => this.#child.once('exit', () => resolve()));
  }

  /** What the store holds; `undefined` when the process has ended. */
  report(): Promise<BotReport | undefined> {
    const answer = new Promise<BotReport>((resolve) => this.#child.once('message', (it: BotReport) => resolve(it)));
    if (this.#child.connected) this.#tell('report');
    return Promise.race([answer, this.ended.then(() => undefined)]);
  }

  /** Lets the bot close its store. */
  async close(): Promise<void> {
    this.#tell('close');
    await this.ended;
  }

  /** Ends the process without a word. */
  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.ended;
  }

  #tell(request: BotRequest): void {
    this.#child.send(request);
  }
}
