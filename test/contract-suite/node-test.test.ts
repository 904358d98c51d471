import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { contractClauses } from '../contract/index.js';

/** Runs a file under node:test. */
async function nodeTest(fixture: string): Promise<{ readonly code: number | null; readonly output: string }> {
  const file = fileURLToPath(new URL(`./fixtures/${fixture}`, import.meta.url));
  const child = spawn(process.execPath, ['--import', 'tsx', '--test', '--test-reporter=tap', file], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  return { code, output };
}

describe('the contract suite under node:test', () => {
  it('passes on the memory driver, and runs every clause', { timeout: 60_000 }, async () => {
    const { code, output } = await nodeTest('node-test-run.ts');
    expect(code, output.slice(-4000)).toBe(0);
    for (const { id } of contractClauses) expect(output).toMatch(new RegExp(`ok \\d+ - ${id} `));
    expect(output).toContain('conformance level is at least the claimed one');
  });
});
