import type { RestoredSpills } from '../../src/index.js';
import type { AccountView } from '../take-over/protocol.js';

/** What a process is told, one JSON text a line on its standard input. */
export type Command =
  /** Restore the account, and change it from then on. */
  | {
      readonly do: 'begin';
      readonly accountId: string;
      readonly by: string;
      readonly directory: string;
      /** At SIGTERM: make one last change, and let `closeOnSignals` end the process with this deadline. */
      readonly signalDeadlineMs: number;
      readonly changesPerSecond: number;
    }
  /** Make one last change and end: `close` with a deadline, or `process.exit()` and nothing else. */
  | { readonly do: 'end'; readonly how: 'close' | 'exit'; readonly deadlineMs: number };

/** What a process says, one line `<kind> <JSON>` on its standard output, written synchronously. */
export interface Reports {
  /** It restores from here on. */
  readonly restoring: null;
  readonly restored: {
    readonly view: AccountView;
    readonly spills: RestoredSpills | undefined;
  };
  /** What the store could not persist is in this file. */
  readonly spilled: { readonly file: string };
  readonly ended: { readonly lastStep: number; readonly error: string | undefined; readonly file: string | undefined };
  /** Something that must not happen at all. */
  readonly failed: string;
}
