import type { AccountKeeperError } from '../errors.js';

/** Where a store keeps what it could not write to its backend. */
export interface SpillOptions {
  /** A local directory. Processes and accounts may share it. The store creates it when it first needs it. */
  readonly directory: string;
}

/** Where a store notes what its backend acknowledged. */
export interface HighWaterOptions {
  /** A local directory. Accounts may share it. The store creates it when it first needs it. */
  readonly directory: string;
}

/** The events of the local files. */
export interface LocalFileEvents {
  /** A spill file could not be written, or could not be removed. */
  readonly 'spill-failed': { readonly error: AccountKeeperError };
  /** The high-water file could not be written. Emitted once, until a write succeeds again. */
  readonly 'high-water-failed': { readonly error: AccountKeeperError };
}

/** The spill files that a restore found, by their paths. */
export interface RestoredSpills {
  /**
   * Their changes are in the backend now, and the files are removed. What the backend refused, now or before, is kept
   * in a file with the ending `.refused`.
   */
  readonly replayed: readonly string[];
  /**
   * Another writer has committed since, or had fenced the store that wrote the file. The backend's version is in
   * memory, and these files are kept, with the ending `.conflicting`. Each restore names them again until somebody
   * removes them.
   */
  readonly conflicting: readonly string[];
  /** Torn, or not written by this library. They are kept. */
  readonly damaged: readonly string[];
}
