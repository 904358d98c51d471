import { AccountKeeperError } from '../errors.js';
import { describeReceived, requireKnownOptions } from '../option-checks.js';

/** Where a store keeps locally what its backend could not take. */
export interface SpillOptions {
  /** A directory of the local file system. Processes, and accounts, may share one. It is made when it is first needed. */
  readonly directory: string;
}

/** @throws `CONFIG` */
export function spillSettings(options: SpillOptions | undefined): SpillOptions | undefined {
  if (options === undefined) return undefined;
  requireKnownOptions('spill', options, ['directory']);
  requireDirectory('spill.directory', options.directory);
  return options;
}

/** @throws `CONFIG` when it is no name of a directory. */
export function requireDirectory(name: string, directory: unknown): void {
  if (typeof directory === 'string' && directory !== '' && !directory.includes('\0')) return;
  const message = `${name}: received ${describeReceived(directory)}, allowed is the path of a directory`;
  throw new AccountKeeperError('CONFIG', message);
}
