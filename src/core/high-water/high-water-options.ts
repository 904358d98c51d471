import { requireKnownOptions } from '../option-checks.js';
import { requireDirectory } from '../spill/spill-options.js';

/** Where a store remembers what its backend has acknowledged. */
export interface HighWaterOptions {
  /** A directory of the local file system. Accounts may share one. It is made when it is first needed. */
  readonly directory: string;
}

/** @throws `CONFIG` */
export function highWaterSettings(options: HighWaterOptions | undefined): HighWaterOptions | undefined {
  if (options === undefined) return undefined;
  requireKnownOptions('highWater', options, ['directory']);
  requireDirectory('highWater.directory', options.directory);
  return options;
}
