import { existsSync } from 'node:fs';
import { describe, expect, it, onTestFinished } from 'vitest';
import { descendantsOf, isRunning } from './process-tree.js';
import type { TestServer } from './test-server.js';

type Server = TestServer & { readonly pid: number | undefined; readonly folder: string };

/** How one kind of server is used in {@link describeLifeCycle}. */
export interface LifeCycle<T extends Server> {
  start(): Promise<T>;
  write(server: T, value: string): Promise<unknown>;
  read(server: T): Promise<unknown>;
  /** Asks over a new connection, and rejects when there is no answer within 300 ms. */
  askBriefly(server: T): Promise<unknown>;
}

/** What every server of a single process does. */
export function describeLifeCycle<T extends Server>(
  name: string,
  { start, write, read, askBriefly }: LifeCycle<T>,
): void {
  const open = async (): Promise<T> => {
    const server = await start();
    onTestFinished(() => server.dispose());
    return server;
  };

  describe(`${name}, as every test server`, () => {
    it('keeps its data and its port over stop, start, kill and start', async () => {
      const server = await open();
      const { url } = server;
      await write(server, 'kept');
      for (const end of ['stop', 'kill'] as const) {
        await server[end]();
        await expect(askBriefly(server), end).rejects.toThrow();
        await server.start();
        expect(await read(server), end).toBe('kept');
        expect(server.url).toBe(url);
      }
    });

    it('answers nothing while it is paused, answers again afterwards, and is gone when it is disposed of', async () => {
      const server = await open();
      const { pid = 0, folder } = server;
      await write(server, 'kept');
      await server.pause();
      await expect(askBriefly(server)).rejects.toThrow();
      await server.resume();
      expect(await read(server)).toBe('kept');
      const pids = [pid, ...descendantsOf(pid)];
      expect(isRunning(pid)).toBe(true);
      await server.dispose();
      await server.dispose();
      expect(pids.filter(isRunning)).toEqual([]);
      expect(existsSync(folder)).toBe(false);
    });
  });
}
