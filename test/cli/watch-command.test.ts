import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { AccountStateStore } from '../../src/core/store/account-state-store.js';
import { afterTest, sqlite, temporaryFolder } from '../drivers/support.js';
import { recorded } from './recorded-io.js';

const MAIN = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));

/** The program in a process of its own, and its lines. */
class Program {
  readonly child: ChildProcessByStdio<null, Readable, Readable>;
  readonly closed: Promise<unknown[]>;
  stdout = '';
  stderr = '';

  constructor(...argv: readonly string[]) {
    this.child = spawn(process.execPath, ['--import', 'tsx', MAIN, ...argv], { stdio: ['ignore', 'pipe', 'pipe'] });
    this.child.stdout.on('data', (chunk: Buffer) => (this.stdout += chunk.toString()));
    this.child.stderr.on('data', (chunk: Buffer) => (this.stderr += chunk.toString()));
    this.closed = once(this.child, 'close');
    afterTest(async () => void this.child.kill('SIGKILL'));
  }

  async prints(count: number): Promise<readonly Record<string, unknown>[]> {
    const lines = (): string[] => this.stdout.split('\n').slice(0, -1);
    await expect.poll(() => lines().length, { timeout: 20_000 }).toBeGreaterThanOrEqual(count);
    return lines().map((line) => JSON.parse(line) as Record<string, unknown>);
  }
}

async function owned(): Promise<{ readonly url: string; readonly store: AccountStateStore }> {
  const path = join(await temporaryFolder(), 'state.db');
  const store = new AccountStateStore({ accountId: 'bybit-main', driver: sqlite({ path }) });
  await store.restore();
  store.setSymbolMetadata('A', { n: 1 });
  await store.flush();
  return { url: `sqlite://${path}`, store };
}

describe('accountkeeper watch', () => {
  it.each(['SIGINT', 'SIGTERM'] as const)('shows an account live, and ends cleanly at %s', async (signal) => {
    const { store, url } = await owned();
    const watch = new Program('watch', 'bybit-main', url, '--json');
    expect(await watch.prints(1)).toMatchObject([{ type: 'state', records: 1, changed: [{ record: 'metadata/A' }] }]);
    store.setSymbolMetadata('A', { n: 2 });
    await store.flush();
    const [, second] = await watch.prints(2);
    expect(second).toMatchObject({ changed: [{ record: 'metadata/A', value: { n: 2 }, before: { n: 1 } }] });
    watch.child.kill(signal);
    expect(await watch.closed).toEqual([0, null]);
    expect(watch.stderr).toBe('');
    await store.close();
  });

  it('ends when its reader has left', async () => {
    const { store, url } = await owned();
    const watch = new Program('watch', 'bybit-main', url, '--json');
    await watch.prints(1);
    watch.child.stdout.destroy();
    store.setSymbolMetadata('A', { n: 2 });
    await store.flush();
    expect(await watch.closed).toEqual([0, null]);
    expect(watch.stderr).toBe('');
    await store.close();
  });

  it('says what it needs, and what it cannot read', async () => {
    for (const argv of [[], ['a'], ['a', 'memory:', 'b'], ['a', 'nothing://x'], ['a', 'memory:', '--poll', '0']]) {
      const { code, stderr, stdout } = await recorded(['watch', ...argv]);
      expect([code, stdout, stderr.split('\n').length], argv.join(' ')).toEqual([2, '', 2]);
    }
    const missing = join(await temporaryFolder(), 'state.db');
    for (const [argv, env] of [
      [[`sqlite://${missing}`], {}],
      [[], { ACCOUNTKEEPER_URL: `sqlite://${missing}` }],
    ] as const) {
      const { code, stderr } = await recorded(['watch', 'a', ...argv], { env });
      expect([code, stderr]).toEqual([1, expect.stringMatching(/^CONFIG /)]);
    }
  });
});
