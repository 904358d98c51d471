import { describe, expect, it } from 'vitest';
import { AccountKeeperError, type AccountKeeperErrorOptions, type ErrorCode } from '../../../src/core/errors.js';
import type { AccountHead, StoredAccount } from '../../../src/core/persistence-driver.js';
import { type CommitRequest, type CommitResult, OwnerSender } from '../../../src/core/write-behind/owner-sender.js';
import { MemoryDriver } from '../../../src/drivers/memory/driver.js';
import { FakeClock } from '../../support/fake-clock.js';
import { ScriptedDriver } from '../../support/scripted-driver.js';

const batch = { upserts: new Map([['a', '1']]), deletes: new Set<string>() };
const claimed: AccountHead = { revision: 5, writerId: 'me', writeId: 'claim', meta: '', dropped: false };
const signal = new AbortController().signal;

function writerOn(
  commit: () => Promise<AccountHead>,
  load: () => Promise<StoredAccount | undefined> = failWith('UNAVAILABLE'),
  head: AccountHead = claimed,
): { writer: OwnerSender; clock: FakeClock } {
  const clock = new FakeClock();
  const driver = new ScriptedDriver(new MemoryDriver(), clock);
  driver.commit = commit;
  driver.load = load;
  let ids = 0;
  const createId = (): string => {
    ids += 1;
    return `write-${ids}`;
  };
  return { writer: new OwnerSender({ driver, accountId: 'a', clock, createId, head }), clock };
}

async function send(commit: () => Promise<AccountHead>, mayHaveLanded = false): Promise<CommitResult> {
  const { writer } = writerOn(commit);
  return writer.send(writer.request(batch, 'meta'), mayHaveLanded, { timeoutMs: 100, signal });
}

const failWith = (code: ErrorCode, options?: AccountKeeperErrorOptions) => async (): Promise<never> => {
  throw new AccountKeeperError(code, 'scripted', options);
};

const conflictWith = (head: AccountHead | undefined) => failWith('CONFLICT', { head });

describe('a request', () => {
  it('names the acknowledged head, the writer, a new writeId, and the meta', () => {
    const { writer } = writerOn(failWith('UNAVAILABLE'));
    const expected = { revision: 5, writeId: 'claim' };
    expect(writer.request(batch, 'meta')).toEqual<CommitRequest>({
      batch,
      options: { expected, writerId: 'me', writeId: 'write-1', meta: 'meta' },
    });
    expect(writer.request(batch, 'meta').options.writeId).toBe('write-2');
  });
});

describe('an acknowledgement', () => {
  it('moves the head on', async () => {
    const head = { ...claimed, revision: 6, writeId: 'write-1' };
    const { writer } = writerOn(async () => head);
    const result = await writer.send(writer.request(batch, 'meta'), false, { timeoutMs: 100, signal });
    expect(result).toEqual({ kind: 'acknowledged', head });
    expect(writer.head).toBe(head);
    expect(writer.request(batch, 'meta').options.expected).toEqual({ revision: 6, writeId: 'write-1' });
  });

  it.each([
    { revision: 6, writeId: 'another' },
    { revision: 5, writeId: 'write-1' },
    { revision: 4, writeId: 'write-1' },
  ])('is not believed when it cannot be of this commit: %o', async (wrong) => {
    const head = { ...claimed, ...wrong };
    const result = await send(async () => head);
    expect(result).toMatchObject({
      kind: 'failed',
      mayHaveLanded: true,
      error: { code: 'UNAVAILABLE', outcome: 'unknown', retryable: true, head },
    });
  });
});

describe('a failure', () => {
  it('leaves the request void when nothing was applied', async () => {
    expect(await send(failWith('UNAVAILABLE'))).toMatchObject({ kind: 'failed', mayHaveLanded: false });
  });

  it('leaves the request to be repeated when the outcome is unknown, of this call or an earlier one', async () => {
    expect(await send(failWith('TIMEOUT', { outcome: 'unknown' }))).toMatchObject({
      kind: 'failed',
      mayHaveLanded: true,
    });
    expect(await send(failWith('UNAVAILABLE'), true)).toMatchObject({ kind: 'failed', mayHaveLanded: true });
    expect(await send(() => Promise.reject('no error at all'))).toMatchObject({
      kind: 'failed',
      mayHaveLanded: true,
      error: { code: 'UNAVAILABLE', cause: 'no error at all' },
    });
  });

  it.each(['INVALID_KEY', 'INVALID_VALUE', 'TOO_LARGE', 'ENCODE'] as const)(
    'is the fault of the input for %s, unless the outcome is unknown',
    async (code) => {
      expect(await send(failWith(code))).toMatchObject({ kind: 'rejected', error: { code } });
      expect(await send(failWith(code), true)).toMatchObject({ kind: 'rejected', error: { code } });
      const unknown = await send(failWith(code, { outcome: 'unknown' }));
      expect(unknown).toMatchObject({ kind: 'failed', mayHaveLanded: true });
    },
  );
});

describe('a conflict', () => {
  it('with the expected head means: try again', async () => {
    expect(await send(conflictWith(claimed))).toMatchObject({ kind: 'failed', mayHaveLanded: false });
    expect(await send(conflictWith(claimed), true)).toMatchObject({ kind: 'failed', mayHaveLanded: true });
  });

  it('with the head of this very request means: it landed, ask again', async () => {
    const landed = { ...claimed, revision: 6, writeId: 'write-1' };
    expect(await send(conflictWith(landed))).toMatchObject({ kind: 'failed', mayHaveLanded: true });
  });

  it('with a newer head of this writer supersedes the request, and says what is stored', async () => {
    const late = { ...claimed, revision: 6, writeId: 'earlier-request' };
    const stored: StoredAccount = { head: late, records: new Map([['a', '1']]), corrupt: new Map() };
    const { writer } = writerOn(conflictWith(late), async () => stored);
    const result = await writer.send(writer.request(batch, 'meta'), false, { timeoutMs: 100, signal });
    expect(result).toEqual({ kind: 'superseded', stored });
    expect(writer.head).toEqual(late);
    expect(writer.request(batch, 'meta').options).toMatchObject({ expected: { revision: 6, writeId: late.writeId } });
  });

  it('with a newer head of this writer settles nothing while it cannot be read', async () => {
    const late = { ...claimed, revision: 6, writeId: 'earlier-request' };
    expect(await send(conflictWith(late))).toMatchObject({
      kind: 'failed',
      mayHaveLanded: false,
      error: { code: 'UNAVAILABLE' },
    });
  });

  it.each([
    { by: 'a newer revision', revision: 9 },
    { by: 'the same revision of another history', revision: 5 },
  ])('with $by of another writer fences', async ({ revision }) => {
    const other = { ...claimed, revision, writerId: 'other', writeId: 'theirs' };
    expect(await send(conflictWith(other))).toMatchObject({
      kind: 'fenced',
      rolledBack: false,
      error: { code: 'FENCED', outcome: 'not-applied', retryable: false, head: other, cause: { code: 'CONFLICT' } },
    });
    expect(await send(conflictWith(other), true)).toMatchObject({ kind: 'fenced', error: { outcome: 'unknown' } });
    expect(await send(failWith('FENCED', { head: other }))).toMatchObject({ kind: 'fenced' });
  });

  it.each([
    { claims: 'gives its revision to another writer', base: 4, rolledBack: true },
    { claims: 'goes on above its revision', base: 5, rolledBack: false },
  ])('with a newer head that $claims fences: rolledBack is $rolledBack', async ({ base, rolledBack }) => {
    const meta = JSON.stringify({
      claims: [
        [2, 'me'],
        [base, 'other'],
      ],
    });
    const other = { ...claimed, revision: 9, writerId: 'other', writeId: 'theirs', meta };
    expect(await send(conflictWith(other))).toMatchObject({ kind: 'fenced', rolledBack, error: { head: other } });
  });

  it.each([
    { found: 'nothing', head: undefined },
    { found: 'an older revision of this writer', head: { ...claimed, revision: 4, writeId: 'old' } },
    {
      found: 'an older revision of another writer',
      head: { ...claimed, revision: 4, writerId: 'other', writeId: 'x' },
    },
    { found: 'the claim at an older revision', head: { ...claimed, revision: 4 } },
  ])('with $found is a rollback', async ({ head }) => {
    const result = await send(conflictWith(head));
    expect(result).toMatchObject({
      kind: 'failed',
      mayHaveLanded: false,
      error: { code: 'ROLLED_BACK', retryable: false, cause: { code: 'CONFLICT' } },
    });
    expect(result.kind === 'failed' && result.error.head).toEqual(head);
  });
});

/** A writer that has found out that the backend came back with this head, and the texts under it. */
async function rolledBackTo(stored: AccountHead | undefined, meta = ''): Promise<OwnerSender> {
  const account = stored && { head: stored, records: new Map([['a', '0']]), corrupt: new Map<string, string>() };
  const { writer } = writerOn(conflictWith(stored), async () => account, { ...claimed, meta });
  await writer.send(writer.request(batch, 'meta'), false, { timeoutMs: 100, signal });
  return writer;
}

describe('after a rollback', () => {
  const older = { ...claimed, revision: 3, writeId: 'older' };
  const claims = JSON.stringify({
    lineage: 'of-now',
    claims: [
      [2, 'former'],
      [3, 'me'],
    ],
  });

  it.each([
    { found: 'nothing', head: undefined, says: 'no revision' },
    { found: 'an older revision', head: older, says: 'revision 3 (older)' },
  ])('with $found the error names the account, both heads, and what to do', async ({ head, says }) => {
    const result = await send(conflictWith(head));
    const error = result.kind === 'failed' ? result.error : undefined;
    expect(error?.known).toEqual({ revision: 5, writeId: 'claim' });
    for (const part of ['account "a"', says, 'revision 5 (claim)', '`await store.persistAll()`']) {
      expect(error?.message).toContain(part);
    }
  });

  it('is what the driver remembers beyond this writer counted: the next revision lies above it', async () => {
    const known = { revision: 9, writeId: 'remembered' };
    const { writer } = writerOn(failWith('ROLLED_BACK', { head: older, known }), async () => ({
      head: older,
      records: new Map(),
      corrupt: new Map(),
    }));
    await writer.send(writer.request(batch, 'meta'), false, { timeoutMs: 100, signal });
    writer.goOnAbove(await writer.readRolledBack({}));
    expect(writer.request(batch, 'meta').options).toMatchObject({
      expected: { revision: 3, writeId: 'older' },
      revisionFloor: 9,
    });
  });

  it('does a request of unknown outcome count as well, and stay to be repeated', async () => {
    const faults = [failWith('TIMEOUT', { outcome: 'unknown' }), conflictWith(undefined)];
    const { writer } = writerOn(async () => (faults.shift() ?? failWith('UNAVAILABLE'))());
    const request = writer.request(batch, 'meta');
    await writer.send(request, false, { timeoutMs: 100, signal });
    const result = await writer.send(request, true, { timeoutMs: 100, signal });
    expect(result).toMatchObject({ kind: 'failed', mayHaveLanded: true, error: { code: 'ROLLED_BACK' } });
    writer.goOnAbove(await writer.readRolledBack({}));
    expect(writer.request(batch, 'meta').options).toMatchObject({ expected: undefined, revisionFloor: 6 });
  });

  it('is a head gone on from only when it is the one that was found last', async () => {
    const writer = await rolledBackTo(older);
    writer.goOnAbove({ head: { ...older, writeId: 'another' }, records: new Map(), corrupt: new Map() });
    expect(writer.request(batch, 'meta').options).toMatchObject({ expected: { revision: 5, writeId: 'claim' } });
    expect(writer.request(batch, 'meta').options.revisionFloor).toBeUndefined();
  });

  it.each([
    { by: 'this writer', writerId: 'me', meta: claims },
    { by: 'a former owner whom the claims name at this revision', writerId: 'former', meta: claims },
    { by: 'anybody, as long as no head names a lineage', writerId: 'unheard-of', meta: '' },
  ])('is what $by wrote read, to be gone on from', async ({ writerId, meta }) => {
    const head = { ...older, writerId, revision: writerId === 'me' ? 4 : 3 };
    const writer = await rolledBackTo(head, meta);
    expect(await writer.readRolledBack({})).toMatchObject({ head });
  });

  it.each([
    { by: 'a writer whom the claims do not name', writerId: 'unheard-of' },
    { by: 'this writer, before it had claimed the account', writerId: 'me' },
  ])('is what $by wrote not for this writer to undo', async ({ writerId }) => {
    const head = { ...older, writerId, meta: JSON.stringify({ lineage: 'of-now' }) };
    const writer = await rolledBackTo(head, claims);
    const error = await writer.readRolledBack({}).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'FENCED', head });
    expect(String(error)).toContain('account "a", at revision 3');
  });

  it('does an acknowledgement end it', async () => {
    const answers = [conflictWith(older), async () => ({ ...claimed, revision: 6, writeId: 'write-2' })];
    const { writer } = writerOn(async () => (answers.shift() ?? failWith('UNAVAILABLE'))());
    await writer.send(writer.request(batch, 'meta'), false, { timeoutMs: 100, signal });
    expect(writer.isRolledBack).toBe(true);
    await writer.send(writer.request(batch, 'meta'), false, { timeoutMs: 100, signal });
    expect(writer.isRolledBack).toBe(false);
    expect(await writer.readRolledBack({})).toBeUndefined();
  });
});

describe('an error for the operator', () => {
  it('names the account and the revision at which another writer took it over', async () => {
    const result = await send(conflictWith({ ...claimed, revision: 9, writerId: 'other', writeId: 'theirs' }));
    expect(result.kind === 'fenced' && result.error.message).toBe('another writer took account "a" over at revision 9');
  });

  it('names what was lost when another writer went on from an older state', async () => {
    const meta = JSON.stringify({
      claims: [
        [2, 'me'],
        [4, 'other'],
      ],
    });
    const result = await send(conflictWith({ ...claimed, revision: 9, writerId: 'other', writeId: 'theirs', meta }));
    const message = result.kind === 'fenced' ? result.error.message : '';
    for (const part of ['account "a" was rolled back', 'revision 9', 'revision 5']) expect(message).toContain(part);
  });

  it('names the driver that acknowledged another commit, or did not settle', async () => {
    const result = await send(async () => ({ ...claimed, revision: 6, writeId: 'another' }));
    expect(result.kind === 'failed' && result.error.message).toBe(
      'driver scripted acknowledged revision 6 of another commit',
    );
    const { writer, clock } = writerOn(() => new Promise(() => undefined));
    const sent = writer.send(writer.request(batch, 'meta'), false, { timeoutMs: 100, signal });
    await clock.advance(400);
    expect(String(((await sent) as { readonly error?: unknown }).error)).toContain('the driver scripted');
  });
});

describe('a driver that does not settle', () => {
  it('is given up on shortly after the deadline', async () => {
    const { writer, clock } = writerOn(() => new Promise(() => undefined));
    let result: CommitResult | undefined;
    const sent = writer.send(writer.request(batch, 'meta'), false, { timeoutMs: 100, signal }).then((settled) => {
      result = settled;
    });
    await clock.advance(349);
    expect(result).toBeUndefined();
    await clock.advance(1);
    await sent;
    expect(result).toMatchObject({
      kind: 'failed',
      mayHaveLanded: true,
      error: { code: 'TIMEOUT', outcome: 'unknown', retryable: true },
    });
  });

  it('leaves no timer behind when it does', async () => {
    const { writer, clock } = writerOn(failWith('UNAVAILABLE'));
    await writer.send(writer.request(batch, 'meta'), false, { timeoutMs: 100, signal });
    expect(clock.armed).toBe(0);
    const throwing = writerOn(() => {
      throw new TypeError('synchronously');
    });
    const result = await throwing.writer.send(writer.request(batch, 'meta'), false, {
      timeoutMs: 100,
      signal,
    });
    expect(result).toMatchObject({ kind: 'failed', mayHaveLanded: true });
    expect(throwing.clock.armed).toBe(0);
  });

  it('is not waited for once the call was aborted', async () => {
    const { writer, clock } = writerOn(() => new Promise(() => undefined));
    const abort = new AbortController();
    const sent = writer.send(writer.request(batch, 'meta'), false, {
      timeoutMs: 100,
      signal: abort.signal,
    });
    abort.abort();
    expect(await sent).toMatchObject({ kind: 'failed', mayHaveLanded: true, error: { code: 'ABORTED' } });
    expect(clock.armed).toBe(0);
  });
});
