import { describe, expect, it } from 'vitest';
import { compare } from '../../examples/demo/comparison.js';
import type { MetadataRecords } from '../../examples/demo/metadata-records.js';
import { NEW_SYMBOL } from '../../examples/engine-metadata.js';

/** The metadata after so many messages of a session that makes one entry with each. */
function afterMessages(count: number): MetadataRecords {
  return {
    'account/metadata': { messagesProcessed: count, daily: null },
    'metadata/BTCUSDT': { ...NEW_SYMBOL, entryCountLong: count },
  };
}

const HISTORY = [{}, afterMessages(1), afterMessages(2), afterMessages(3)];
const ACKNOWLEDGED = [1, 2].map((cursor) => ({
  type: 'acknowledged' as const,
  cursor,
  changes: afterMessages(cursor),
}));

describe('the comparison of what came back', () => {
  it('finds everything when the last acknowledged state came back', () => {
    expect(compare(ACKNOWLEDGED, afterMessages(2), HISTORY)).toEqual({
      acknowledged: 4,
      restored: 4,
      lostRecords: [],
      consistent: true,
    });
  });

  it('accepts a newer state that landed without being acknowledged', () => {
    expect(compare(ACKNOWLEDGED, afterMessages(3), HISTORY)).toMatchObject({ lostRecords: [], consistent: true });
  });

  it('finds what came back older', () => {
    expect(compare(ACKNOWLEDGED, afterMessages(1), HISTORY)).toMatchObject({
      restored: 0,
      lostRecords: ['account/metadata', 'metadata/BTCUSDT'],
    });
  });

  it('finds what did not come back at all', () => {
    expect(compare(ACKNOWLEDGED, {}, HISTORY)).toMatchObject({ restored: 0, acknowledged: 4 });
  });

  it('finds a cursor that came apart from its metadata', () => {
    const torn = { ...afterMessages(3), 'metadata/BTCUSDT': { ...NEW_SYMBOL, entryCountLong: 2 } };

    expect(compare(ACKNOWLEDGED, torn, HISTORY)).toMatchObject({ lostRecords: [], consistent: false });
  });

  it('finds a record that is neither what was acknowledged nor what is newer', () => {
    const wrong = { ...afterMessages(3), 'metadata/BTCUSDT': { ...NEW_SYMBOL, entryCountLong: 9 } };

    expect(compare(ACKNOWLEDGED, wrong, HISTORY).lostRecords).toEqual(['metadata/BTCUSDT']);
  });
});
