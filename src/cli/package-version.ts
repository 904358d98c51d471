import { readFile } from 'node:fs/promises';

/** The version in this package's package.json: the compiled file is one folder further from it than the source. */
export async function packageVersion(): Promise<string> {
  for (const path of ['../../package.json', '../../../package.json']) {
    try {
      const { name, version } = JSON.parse(await readFile(new URL(path, import.meta.url), 'utf8')) as {
        readonly name?: unknown;
        readonly version?: unknown;
      };
      if (name === 'accountkeeper') return String(version);
    } catch (error) {
      if ((error as { readonly code?: unknown }).code !== 'ENOENT') throw error;
    }
  }
  return 'unknown';
}
