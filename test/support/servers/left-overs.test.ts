import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { describe, expect, it, onTestFinished } from 'vitest';
import { descendantsOf, isRunning } from './process-tree.js';
import { startRedis } from './redis/redis-server.js';

interface Forgetful {
  /** With their children. */
  readonly serverPids: readonly number[];
  readonly folders: readonly string[];
  end(how: NodeJS.Signals | 'exit'): Promise<void>;
}

/** A process that starts servers and does not dispose of them. */
async function startForgetful(of: readonly ('startRedis' | 'startPostgres')[]): Promise<Forgetful> {
  const module = (name: string): string => JSON.stringify(new URL(name, import.meta.url).href);
  const code = `
    const { startRedis } = await import(${module('redis/redis-server.ts')});
    const { startPostgres } = await import(${module('sql/postgres-server.ts')});
    const servers = await Promise.all([${of.map((start) => `${start}()`).join()}]);
    process.stdin.once('data', () => process.exit(0));
    console.log(JSON.stringify(servers.map(({ pid, folder }) => ({ pid, folder }))));
  `;
  const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '--eval', code], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  const [line] = await once(createInterface(child.stdout), 'line');
  const servers = JSON.parse(String(line)) as { pid: number; folder: string }[];
  return {
    serverPids: servers.flatMap(({ pid }) => [pid, ...descendantsOf(pid)]),
    folders: servers.map(({ folder }) => folder),
    end: async (how) => {
      const ended = once(child, 'exit');
      if (how === 'exit') child.stdin.write('end');
      else child.kill(how);
      await ended;
    },
  };
}

describe('a test process that forgets its servers', () => {
  it.each(['exit', 'SIGTERM'] as const)('takes them and their folders along (%s)', async (how) => {
    const { serverPids, folders, end } = await startForgetful(['startRedis']);
    expect(serverPids.every(isRunning)).toBe(true);
    await end(how);
    await expect.poll(() => serverPids.filter(isRunning), { timeout: 5_000 }).toEqual([]);
    expect(folders.filter(existsSync)).toEqual([]);
  });

  it('takes them along when it is killed, and the next one removes their folders', async () => {
    const killed = await startForgetful(['startRedis', 'startPostgres']);
    await killed.end('SIGKILL');
    await expect.poll(() => killed.serverPids.filter(isRunning), { timeout: 5_000 }).toEqual([]);
    const next = await startRedis();
    onTestFinished(() => next.dispose());
    expect(killed.folders.filter(existsSync)).toEqual([]);
  });
});
