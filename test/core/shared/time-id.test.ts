import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { newTimeId, timeOfId } from '../../../src/core/shared/time-id.js';
import { MemoryBackend, MemoryDriver, openAccount } from '../../../src/index.js';

describe('an id that tells its time', () => {
  it('is a UUID of version 7, and another one each time', () => {
    const ids = Array.from({ length: 1_000 }, newTimeId);
    expect(new Set(ids).size).toBe(1_000);
    for (const id of ids) expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  });

  it('tells when it was made', () => {
    const before = Date.now();
    const time = timeOfId(newTimeId());
    expect(time).toBeGreaterThanOrEqual(before);
    expect(time).toBeLessThanOrEqual(Date.now());
    // The example of RFC 9562, appendix A.6.
    expect(timeOfId('017f22e2-79b0-7cc3-98c4-dc0c0c07398f')).toBe(1_645_557_742_000);
  });

  it.each(['', 'write-1', randomUUID(), '01890A5D-AC96-774B-BCCE-B302099A8057'])('tells nothing by %j', (id) => {
    expect(timeOfId(id)).toBeUndefined();
  });

  it('names the commits and the writers of a store', async () => {
    const driver = new MemoryDriver({ backend: new MemoryBackend() });
    const before = Date.now();
    await using account = await openAccount({ accountId: 'a', persistence: driver });
    const head = await driver.head('a');
    expect(timeOfId(head?.writeId ?? '')).toBeGreaterThanOrEqual(before);
    expect(timeOfId(head?.writerId ?? '')).toBeGreaterThanOrEqual(before);
    expect(account.persistenceStatus().revision).toBe(head?.revision);
  });
});
