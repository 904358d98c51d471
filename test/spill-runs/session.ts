import { AccountStateStore, closeOnSignals, isAccountKeeperError, type PersistenceDriver } from '../../src/index.js';
import type { Entry } from '../take-over/protocol.js';
import { StepWriter, viewOf } from '../take-over/step-writer.js';
import type { Command, Reports } from './protocol.js';

const RESTORE_WITHIN_MS = 20_000;

/** How a process reports. */
export type Say = <Kind extends keyof Reports>(kind: Kind, report: Reports[Kind]) => void;

/** What one process does with the account, from restore to its end. */
export class Session {
  readonly #store: AccountStateStore<Entry, Entry>;
  readonly #begin: Extract<Command, { do: 'begin' }>;
  readonly #say: Say;
  #writer: StepWriter | undefined;

  constructor(driver: PersistenceDriver, begin: Extract<Command, { do: 'begin' }>, say: Say) {
    const { accountId, directory } = begin;
    this.#begin = begin;
    this.#say = say;
    this.#store = new AccountStateStore<Entry, Entry>({
      accountId,
      driver,
      spill: { directory },
      flush: { debounceMs: 1, maxWaitMs: 5, commitTimeoutMs: 1_000, retryInitialMs: 10, retryMaxMs: 100 },
    });
    this.#store.on('spilled', ({ file }) => say('spilled', { file }));
    this.#store.on('spill-failed', ({ error }) => say('failed', `spill-failed: ${error.message}`));
    this.#store.on('fenced', ({ error }) => say('failed', `fenced: ${error.message}`));
    this.#store.on('record-rejected', ({ error }) => say('failed', `record-rejected: ${error.message}`));
  }

  async begin(): Promise<void> {
    const { by, changesPerSecond } = this.#begin;
    // Before anything is said: who hears it may send the signal at once.
    this.#endAtSignal();
    this.#say('restoring', null);
    const { spills } = await this.#store.restore({ timeoutMs: RESTORE_WITHIN_MS });
    this.#say('restored', { view: viewOf(this.#store), spills });
    this.#writer = new StepWriter({ store: this.#store, by, changesPerSecond });
  }

  async end({ how, deadlineMs }: Extract<Command, { do: 'end' }>): Promise<void> {
    const lastStep = this.#changeOnceMore();
    let error: string | undefined;
    let file: string | undefined;
    if (how === 'close') {
      try {
        await this.#store.close({ timeoutMs: deadlineMs });
      } catch (thrown) {
        error = isAccountKeeperError(thrown) ? thrown.code : String(thrown);
        file = isAccountKeeperError(thrown) ? thrown.spillFile : undefined;
      }
    }
    this.#say('ended', { lastStep, error, file });
    process.exit(0);
  }

  /** Our own listener comes first: the account is closed after its last change. */
  #endAtSignal(): void {
    let lastStep = 0;
    process.once('SIGTERM', () => {
      lastStep = this.#changeOnceMore();
    });
    closeOnSignals([this.#store], {
      deadlineMs: this.#begin.signalDeadlineMs,
      onClosed: ({ failures: [failure] }) =>
        this.#say('ended', { lastStep, error: failure?.error.code, file: failure?.error.spillFile }),
    });
  }

  #changeOnceMore(): number {
    this.#writer?.stop();
    this.#writer?.change();
    return this.#writer?.step ?? 0;
  }
}
