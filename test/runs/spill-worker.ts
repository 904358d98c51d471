import type { PersistenceDriver, RestoredSpills } from 'accountkeeper';
import { AccountStateStore, closeOnSignals, createDriver, isAccountKeeperError } from 'accountkeeper';
import type { AccountView, CommonReports, Say } from './harness/protocol.js';
import { serve } from './harness/worker.js';
import { QUICK_FLUSH, type RunStore, StepWriter, viewOf } from './harness/workload.js';

const RESTORE_WITHIN_MS = 20_000;

/** Restore the account, and change it from then on. */
export interface BeginCommand {
  readonly do: 'begin';
  readonly accountId: string;
  readonly by: string;
  /** Of the spill files. */
  readonly directory: string;
  /** At SIGTERM: make one last change, and let `closeOnSignals` end the process with this deadline. */
  readonly signalDeadlineMs: number;
  readonly changesPerSecond: number;
}

/** Make one last change and end: `close` with a deadline, or `process.exit()` and nothing else. */
export interface EndCommand {
  readonly do: 'end';
  readonly how: 'close' | 'exit';
  readonly deadlineMs: number;
}

/** What the worker reports. */
export interface SpillReports extends CommonReports {
  /** It restores from here on. */
  readonly restoring: null;
  readonly restored: { readonly view: AccountView; readonly spills: RestoredSpills | undefined };
  /** What the store could not persist is in this file. */
  readonly spilled: { readonly file: string };
  readonly ended: { readonly lastStep: number; readonly error: string | undefined; readonly file: string | undefined };
}

/** What the process does with the account, from restore to its end. */
class Session {
  readonly #store: RunStore;
  readonly #begin: BeginCommand;
  readonly #say: Say<SpillReports>;
  #writer: StepWriter | undefined;

  constructor(driver: PersistenceDriver, begin: BeginCommand, say: Say<SpillReports>) {
    const { accountId, directory } = begin;
    this.#begin = begin;
    this.#say = say;
    this.#store = new AccountStateStore({
      accountId,
      driver,
      spill: { directory },
      flush: QUICK_FLUSH,
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

  async end({ how, deadlineMs }: EndCommand): Promise<void> {
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

serve<BeginCommand | EndCommand, SpillReports>((url, say) => {
  const driver = createDriver({ url, operationTimeoutMs: 1_000 });
  let session: Session | undefined;
  return (command) => {
    if (command.do === 'end') return session?.end(command);
    session = new Session(driver, command, say);
    return session.begin();
  };
});
