import { AccountKeeperError } from '../errors.js';
import { describeReceived, requireKnownOptions } from '../option-checks.js';

/** Where a store keeps locally what its backend could not take. */
export interface SpillOptions {
  /** A directory of the local file system. Processes, and accounts, may share one. It is made when it is first needed. */
  readonly directory: string;
  /**
   * Start from the spill files while the backend cannot be reached. `persistenceStatus().ownership` is `offline` until
   * the account was taken over; without spill files restore rejects as usual.
   * @default false
   */
  readonly startOffline?: boolean;
}

/** @throws `CONFIG` */
export function spillSettings(options: SpillOptions | undefined): Required<SpillOptions> | undefined {
  if (options === undefined) return undefined;
  requireKnownOptions('spill', options, ['directory', 'startOffline']);
  const { directory, startOffline = false } = options;
  requireDirectory('spill.directory', directory);
  if (typeof startOffline === 'boolean') return { directory, startOffline };
  const message = `spill.startOffline: received ${describeReceived(startOffline)}, allowed is true or false`;
  throw new AccountKeeperError('CONFIG', message);
}

/** @throws `CONFIG` when it is no name of a directory. */
export function requireDirectory(name: string, directory: unknown): void {
  if (typeof directory === 'string' && directory !== '' && !directory.includes('\0')) return;
  const message = `${name}: received ${describeReceived(directory)}, allowed is the path of a directory`;
  throw new AccountKeeperError('CONFIG', message);
}
