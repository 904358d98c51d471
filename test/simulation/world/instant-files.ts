import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';

const NAMES = ['mkdir', 'readdir', 'readFile', 'rename', 'rm', 'stat', 'unlink'] as const;

/**
 * What is asked of the file system is done at once, so that the same seed gives the same history; and nothing is
 * synced: no host loses its power here.
 *
 * @returns what takes it back.
 */
export function makeFilesInstant(): () => void {
  const promises = fs.promises as unknown as Record<string, unknown>;
  const before = { ...promises };
  const { fsyncSync } = fs;
  for (const name of NAMES) {
    const act = fs[`${name}Sync`] as (...args: unknown[]) => unknown;
    promises[name] = async (...args: unknown[]) => act(...args);
  }
  promises['open'] = async (path: string, flags: string, mode: number) => {
    const file = fs.openSync(path, flags, mode);
    return {
      writeFile: async (content: string) => fs.writeFileSync(file, content),
      sync: async () => undefined,
      close: async () => fs.closeSync(file),
    };
  };
  fs.fsyncSync = () => undefined;
  syncBuiltinESMExports();
  return () => {
    Object.assign(promises, before);
    fs.fsyncSync = fsyncSync;
    syncBuiltinESMExports();
  };
}
