import type { AccountKeeperError, ErrorCode } from '../errors.js';

const RECORD_FAULTS: ReadonlySet<ErrorCode> = new Set(['INVALID_KEY', 'INVALID_VALUE', 'TOO_LARGE', 'ENCODE']);

/** The events about records that cannot be written. */
export interface RecordFaultEvents {
  /** A changed record cannot be written. It is set aside until it changes again. */
  readonly 'record-rejected': { readonly recordKey: string; readonly error: AccountKeeperError };
}

/** Whether an error says that records cannot be written at all. */
export function isRecordFault({ code, outcome }: AccountKeeperError): boolean {
  return outcome === 'not-applied' && RECORD_FAULTS.has(code);
}

/** The records of a batch that such an error is about: those that it names, or all of them where it names none. */
export function recordsAtFault({ records = [] }: AccountKeeperError, ofBatch: Iterable<string>): ReadonlySet<string> {
  const all = new Set(ofBatch);
  const named = records.filter((recordKey) => all.has(recordKey));
  return named.length === 0 ? all : new Set(named);
}
