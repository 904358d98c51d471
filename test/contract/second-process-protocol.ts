import type { ErrorCode } from '../../src/core/errors.js';
import type { CommitBatch, CommitOptions } from '../../src/core/persistence-driver.js';
import type { Increments } from './increments.js';

/** The calls that a second process makes on its driver. */
export type SecondProcessCall =
  | { readonly method: 'open' | 'accounts' | 'close' }
  | { readonly method: 'head' | 'load'; readonly accountId: string }
  | {
      readonly method: 'commit';
      readonly accountId: string;
      readonly batch: CommitBatch;
      readonly options: CommitOptions;
    }
  /**
   * Commits the number 1, 2, … to all of `records` records of each account, side by side, reports each acknowledgement,
   * and never ends by itself.
   */
  | {
      readonly method: 'commitForever';
      readonly accountIds: readonly string[];
      readonly records: number;
      readonly valueLength: number;
    }
  | { readonly method: 'increment'; readonly increments: Increments }
  /** Lets go of the parent. Nothing but the driver can keep the process alive then. */
  | { readonly method: 'disconnect' };

/** A call with the number that its answer carries. */
export interface SecondProcessRequest {
  readonly number: number;
  readonly call: SecondProcessCall;
}

/** The messages of a second process. */
export type SecondProcessMessage =
  | { readonly kind: 'ready' }
  | { readonly kind: 'unusable'; readonly message: string }
  | { readonly kind: 'result'; readonly number: number; readonly value: unknown }
  | {
      readonly kind: 'error';
      readonly number: number;
      readonly code: ErrorCode | undefined;
      readonly message: string;
    }
  | { readonly kind: 'acknowledged'; readonly accountId: string; readonly count: number };

/** The record of that index, as `commitForever` writes it. */
export function countedRecord(index: number, count: number, valueLength: number): readonly [string, string] {
  return [`r${index}`, `${count}:`.padEnd(valueLength, '.')];
}
