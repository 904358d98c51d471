import { execFile } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { temporaryFolder } from '../support/temporary-folder.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const MESSAGES = [
  { exchange: 'bybit-v5', transport: 'ws', channel: 'pong', payload: { op: 'pong' } },
  { exchange: 'bybit-v5', transport: 'ws', channel: 'pong', payload: { op: 'pong' } },
  { exchange: 'bybit-v5', transport: 'ws', channel: 'mystery', payload: { topic: 'mystery', data: [] } },
];

interface Result {
  readonly code: number | string | undefined;
  readonly output: string;
}

let folder = '';

beforeAll(() => {
  if (!existsSync(join(ROOT, 'dist/src/index.js'))) throw new Error('run "npm run build" first: the demo uses dist');
  folder = temporaryFolder('demo-test');
});

function runDemo(...args: readonly string[]): Promise<Result> {
  const program = ['--import', 'tsx', 'examples/demo/main.ts', ...args];
  return new Promise((resolve) => {
    execFile(process.execPath, program, { cwd: ROOT }, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : (error.code ?? undefined), output: stdout + stderr });
    });
  });
}

function writeSession(name: string, messages: readonly object[]): string {
  const path = join(folder, name);
  writeFileSync(path, messages.map((message) => `${JSON.stringify(message)}\n`).join(''));
  return path;
}

describe('the demo', () => {
  it('loses nothing of the bundled sessions', async () => {
    const { code, output } = await runDemo();

    expect(output).toMatch(/^In all: acknowledged (\d+), restored \1, lost 0$/m);
    expect(output.match(/SIGKILL/g)).toHaveLength(2);
    expect(code).toBe(0);
  });

  it('kills also in a session of two messages, and keeps the file it was given', async () => {
    const db = join(folder, 'kept.db');
    const input = writeSession('two.ndjson', MESSAGES.slice(0, 2));

    const { code, output } = await runDemo('--input', input, '--db', db);

    expect(output).toContain('SIGKILL');
    expect(code).toBe(0);
    expect(existsSync(db)).toBe(true);
  });

  it('replays a session of one message without a kill', async () => {
    const { code, output } = await runDemo('--input', writeSession('one.ndjson', MESSAGES.slice(0, 1)));

    expect(output).not.toContain('SIGKILL');
    expect(code).toBe(0);
  });

  it('exits with 1 when a message is unknown', async () => {
    expect((await runDemo('--input', writeSession('unknown.ndjson', MESSAGES))).code).toBe(1);
  });

  it.each([
    ['an unknown option', () => ['--frob']],
    ['a file that is not there', () => ['--input', join(folder, 'nowhere.ndjson')]],
    ['an empty file', () => ['--input', writeSession('empty.ndjson', [])]],
    ['an unknown exchange', () => ['--input', writeSession('other.ndjson', [{ exchange: 'constructor' }])]],
    ['a database that exists', () => ['--db', writeSession('exists.db', [])]],
    ['a database in no folder', () => ['--db', join(folder, 'nowhere', 'state.db')]],
  ])('exits with 2 and its usage for %s', async (_, args) => {
    const { code, output } = await runDemo(...args());

    expect(output).toContain('Usage:');
    expect(code).toBe(2);
  });
});
