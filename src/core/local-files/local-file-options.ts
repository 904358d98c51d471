import type { AccountKeeperError } from '../errors.js';

/** Where a store keeps locally what its backend could not take. */
export interface SpillOptions {
  /** A directory of the local file system. Processes, and accounts, may share one. It is made when it is first needed. */
  readonly directory: string;
}

/** Where a store remembers what its backend has acknowledged. */
export interface HighWaterOptions {
  /** A directory of the local file system. Accounts may share one. It is made when it is first needed. */
  readonly directory: string;
}

/** The events of the local files. */
export interface LocalFileEvents {
  /** What could not be persisted could not be written to a local file either, or a file could not be removed. */
  readonly 'spill-failed': { readonly error: AccountKeeperError };
  /** What the backend acknowledged could not be remembered in the high-water file. Once, until it can again. */
  readonly 'high-water-failed': { readonly error: AccountKeeperError };
}

/** The spill files that a restore found, by their paths. */
export interface RestoredSpills {
  /**
   * Their changes are in the backend now, and the files are gone. What the backend refused, now or before, is kept in a
   * file with the ending `.refused`.
   */
  readonly replayed: readonly string[];
  /**
   * Another writer has committed since, or had fenced the store that wrote the file: the backend's version is in memory,
   * and these files are kept, with the ending `.conflicting`. They are named again at each restore until somebody removes them.
   */
  readonly conflicting: readonly string[];
  /** Torn, or not written by this library. They are kept. */
  readonly damaged: readonly string[];
}
