import type { ChangeSink } from './change-sink.js';

/** What the tables need to know of the store that they are part of. */
export interface TableContext extends ChangeSink {
  /** 0 while no transaction runs; otherwise the number of the innermost savepoint. A number is never used twice. */
  readonly savepoint: number;
}
