import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { runReference } from '../../examples/demo/reference-run.js';
import { sessionTexts } from '../../examples/demo/session/session-text.js';
import { readSession } from '../../examples/demo/session-file.js';

function pathOf(name: string): string {
  return fileURLToPath(new URL(`../../examples/demo/session/${name}`, import.meta.url));
}

describe.each([...sessionTexts()])('the bundled session %s', (name, text) => {
  const session = readSession(pathOf(name));
  const run = runReference(session);

  it('is what its script writes', () => {
    expect(readFileSync(pathOf(name), 'utf8')).toBe(text);
  });

  it('has no unknown message', () => {
    expect(run.outcomes.filter(({ kind }) => kind === 'unknown')).toEqual([]);
  });

  it('has a resync that finds one position closed', () => {
    const closed = run.outcomes.flatMap((outcome) =>
      outcome.kind === 'applied' ? (outcome.resync?.closed ?? []) : [],
    );

    expect(closed.map(({ symbol, positionSide }) => `${symbol} ${positionSide}`)).toEqual(['SOLUSDT LONG']);
  });

  it('has a long with three entries and a trailing stop that advances', () => {
    const bitcoin = run.history.map((records) => records['metadata/BTCUSDT']);
    const stops = bitcoin.flatMap((metadata) =>
      metadata !== undefined && 'trailingStopLong' in metadata && metadata.trailingStopLong?.active === true
        ? [metadata.trailingStopLong.stopPrice]
        : [],
    );

    expect(bitcoin).toContainEqual(expect.objectContaining({ entryCountLong: 3 }));
    expect(new Set(stops).size).toBeGreaterThan(3);
    expect(stops).toEqual(stops.toSorted((left, right) => left - right));
  });

  it('leaves the metadata of a flipped long, a new short and a closed position', () => {
    expect(run.history.at(-1)).toMatchObject({
      'metadata/BTCUSDT': { entryCountLong: 0, firstOpenedAtMs: null, trailingStopLong: null },
      'metadata/ETHUSDT': { entryCountLong: 1, entryCountShort: 0, trailingStopLong: { active: true } },
      'metadata/SOLUSDT': { entryCountLong: 0, entryCountShort: 1, trailingStopShort: { active: true } },
      'account/metadata': { messagesProcessed: session.messages.length, daily: { day: '2025-06-04' } },
    });
    expect(run.history.at(-1)).not.toHaveProperty('metadata/XRPUSDT');
  });
});
