import { parseRecord } from '../../src/core/codec/record-text.js';

/** The value in the text of a record, as its codec wrote it; the text itself if it is no record. */
export function payloadOf(text: string): string {
  try {
    return parseRecord(text).payload;
  } catch {
    return text;
  }
}
