import { afterEach, describe, expect, it } from 'vitest';
import { watchAccount } from '../../src/cli/commands/watch-command.js';
import { jsonWatchReport, readableWatchReport, type WatchReport } from '../../src/cli/commands/watch-report.js';
import { AccountKeeperError } from '../../src/core/errors.js';
import type { AccountHead } from '../../src/core/persistence-driver.js';
import { MemoryDriver } from '../../src/drivers/memory/driver.js';
import { settle } from '../support/fake-clock.js';

const WRITE_ID = '0196f0aa-5c00-7000-8000-00000000000';

/** An account that is watched, and what was printed. */
class Watched {
  readonly driver = new MemoryDriver();
  readonly ended: Promise<number>;
  stdout = '';
  stderr = '';
  readonly #abort = new AbortController();
  #head: AccountHead | undefined;
  #writes = 0;

  constructor(report: WatchReport, driver = this.driver) {
    const io = {
      stdout: { write: (text: string) => (this.stdout += text) },
      stderr: { write: (text: string) => (this.stderr += text) },
    };
    this.ended = watchAccount({ driver, accountId: 'a', report, io, pollMs: undefined, signal: this.#abort.signal });
  }

  stop(): void {
    this.#abort.abort();
  }

  /** Commits payloads as records, and resolves when they are shown. */
  async write(payloads: Record<string, unknown>, deletes: readonly string[] = [], writerId = 'w'): Promise<void> {
    const texts = Object.entries(payloads).map(([key, d]) => [key, JSON.stringify({ v: 1, c: 'json', d })] as const);
    await this.driver.commit('a', { upserts: new Map(texts), deletes: new Set(deletes) }, this.#next(writerId));
  }

  async drop(): Promise<void> {
    await this.driver.drop('a', this.#next('w'));
  }

  #next(writerId: string): Parameters<MemoryDriver['commit']>[2] {
    this.#writes += 1;
    const expected = this.#head && { revision: this.#head.revision, writeId: this.#head.writeId };
    const writeId = `${WRITE_ID}${this.#writes}`;
    this.#head = { revision: this.#writes, writeId, writerId, meta: '', dropped: false };
    return { expected, writerId, writeId };
  }
}

const watches: Watched[] = [];

function watching(report: WatchReport, driver?: MemoryDriver): Watched {
  const watched = new Watched(report, driver);
  watches.push(watched);
  return watched;
}

/** Lets the follower, which the driver wakes, read. */
async function shown(): Promise<void> {
  for (let turn = 0; turn < 10; turn += 1) await settle();
}

afterEach(async () => {
  for (const each of watches.splice(0)) {
    each.stop();
    await each.driver.close();
  }
});

const plain = readableWatchReport('a', (_, text) => text);

describe('watch', () => {
  it('prints the first state in a line, then each record that changed, and where', async () => {
    const watched = watching(plain);
    await shown();
    await watched.write({ 'metadata/A': { n: 1, deep: { x: 1 } }, 'metadata/B': { n: 1 } });
    await shown();
    await watched.write({ 'metadata/A': { n: 2, deep: { x: 1, y: 'z' } } }, ['metadata/B'], 'another');
    await shown();
    await watched.drop();
    await shown();
    watched.stop();
    expect(await watched.ended).toBe(0);
    const time = '2025-05-21T02:02:54.208Z'.length;
    expect(watched.stdout.split('\n').map((line) => (line.startsWith('20') ? line.slice(time + 1) : line))).toEqual([
      'a was never written',
      'a revision 1, 2 records',
      '  + metadata/A {"n":1,"deep":{"x":1}}',
      '  + metadata/B {"n":1}',
      'a revision 2, 1 records',
      '  ! another writer: another',
      '  ~ metadata/A n: 1 → 2, deep.y: (none) → "z"',
      '  - metadata/B',
      'a revision 3, dropped',
      '  ! another writer: w',
      '  - metadata/A',
      '',
    ]);
  });

  it('prints one JSON object a line with --json', async () => {
    const watched = watching(jsonWatchReport('a'));
    await watched.write({ 'metadata/A': { n: 1 } });
    await shown();
    await watched.write({ 'metadata/A': { n: 2 } });
    await shown();
    watched.stop();
    await watched.ended;
    const lines = watched.stdout.trimEnd().split('\n');
    const states = lines.map((line) => JSON.parse(line));
    expect(states.at(-1)).toEqual({
      type: 'state',
      accountId: 'a',
      revision: 2,
      writerId: 'w',
      committedAt: expect.stringMatching(/^\d{4}-.*Z$/),
      dropped: false,
      records: 1,
      changed: [{ record: 'metadata/A', value: { n: 2 }, before: { n: 1 } }],
      removed: [],
    });
  });

  it('says what fails, and goes on', async () => {
    for (const [report, lines] of [
      [plain, ['UNAVAILABLE away', 'recovered']],
      [
        jsonWatchReport('a'),
        [
          '{"type":"error","accountId":"a","code":"UNAVAILABLE","message":"away"}',
          '{"type":"recovered","accountId":"a"}',
        ],
      ],
    ] as const) {
      const driver = new MemoryDriver();
      const { head } = driver;
      let failures = 1;
      driver.head = (...call) => {
        failures -= 1;
        if (failures < 0) return head.apply(driver, call);
        return Promise.reject(new AccountKeeperError('UNAVAILABLE', 'away'));
      };
      const watched = watching(report, driver);
      await expect.poll(() => watched.stdout.trimEnd().split('\n')).toEqual([lines[0], expect.anything(), lines[1]]);
      watched.stop();
      expect(await watched.ended).toBe(0);
      await driver.close();
    }
  });

  it('ends with 1 when the backend cannot be read at all', async () => {
    const driver = new MemoryDriver();
    driver.open = () => Promise.reject(new AccountKeeperError('CONFIG', 'there is no such file'));
    const watched = watching(plain, driver);
    expect(await watched.ended).toBe(1);
    expect([watched.stdout, watched.stderr]).toEqual(['', 'CONFIG there is no such file\n']);
    await driver.close();
  });

  it('prints nothing that moves the cursor', async () => {
    const watched = watching(plain);
    await shown();
    await watched.write({ 'metadata/\u001b[2J\u009b1A\u202e': { 'a\u001b': '\u009b\u2028' } });
    await shown();
    expect(watched.stdout).toContain('metadata/\\u001b[2J\\u009b1A\\u202e');
    expect(watched.stdout.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}]/u);
  });
});
