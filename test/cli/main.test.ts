import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { recorded } from './recorded-io.js';

const root = new URL('../../', import.meta.url);

/** Runs the program in a process of its own. */
async function program(...argv: readonly string[]): Promise<{ readonly code: number | null; readonly stdout: string }> {
  const main = fileURLToPath(new URL('src/cli/main.ts', root));
  const child = spawn(process.execPath, ['--import', 'tsx', main, ...argv], { stdio: ['ignore', 'pipe', 'ignore'] });
  let stdout = '';
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  return { code, stdout };
}

describe('accountkeeper', () => {
  it('is a program that ends by itself with the exit code of its command', async () => {
    const { code, stdout } = await program('contract', 'memory:', '--json', '--clause', 'RT1', '--clause', 'CL4');
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ subject: 'memory:', ok: true });
  });

  it('starts as a program of Node.js', () => {
    expect(readFileSync(new URL('src/cli/main.ts', root), 'utf8')).toMatch(/^#!\/usr\/bin\/env node\n/);
  });

  it('prints the version of the package', async () => {
    const { version } = JSON.parse(readFileSync(new URL('package.json', root), 'utf8'));
    for (const option of ['--version', '-v']) {
      expect(await recorded([option])).toEqual({ code: 0, stdout: `${version}\n`, stderr: '' });
    }
  });

  it('prints its help, of the commands too', async () => {
    for (const argv of [['--help'], ['-h'], ['contract', '--help'], ['doctor', '-h']]) {
      const { code, stdout } = await recorded(argv);
      expect(code).toBe(0);
      for (const text of ['contract <url | module>', 'doctor <url>', '--reporter', '--require']) {
        expect(stdout).toContain(text);
      }
    }
  });

  it('ends with 2 without a command, and for one that it does not have', async () => {
    expect((await recorded([])).code).toBe(2);
    const { code, stderr } = await recorded(['redis://user:hunter2hunter2@host']);
    expect(code).toBe(2);
    expect(stderr).toMatch(/^accountkeeper: [^\n]+\n$/);
    expect(stderr).not.toContain('hunter2');
  });
});
