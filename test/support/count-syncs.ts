import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { requireProgram } from './programs.js';
import { poll } from './servers/poll.js';
import { temporaryFolder } from './temporary-folder.js';

const TRACED = ['-f', '-e', 'trace=fsync,fdatasync'];
let traces = 0;

/** How often a TypeScript program calls `fsync` or `fdatasync` from its start to its end. */
export async function syncsOfProgram(script: string, args: readonly string[]): Promise<number> {
  const { strace, output } = prepare();
  const command = [process.execPath, '--import', 'tsx', script, ...args];
  await promisify(execFile)(strace, [...TRACED, '-o', output, ...command]);
  return syncsIn(output);
}

/**
 * How often the processes call `fsync` or `fdatasync` while the work goes on.
 *
 * @throws one line that says what to install, when strace is missing
 */
export async function syncsOfProcesses(pids: readonly number[], work: () => Promise<void>): Promise<number> {
  const { strace, output } = prepare();
  const processes = pids.flatMap((pid) => ['-p', String(pid)]);
  const tracer = spawn(strace, [...TRACED, '-o', output, ...processes], { stdio: ['ignore', 'ignore', 'pipe'] });
  await attached(tracer, pids.length);
  await work();
  tracer.kill('SIGINT');
  await once(tracer, 'exit');
  return syncsIn(output);
}

function prepare(): { readonly strace: string; readonly output: string } {
  const strace = requireProgram({ name: 'strace', debianPackage: 'strace' });
  traces += 1;
  return { strace, output: join(temporaryFolder(`syncs-${traces}`), 'trace') };
}

function syncsIn(trace: string): number {
  return readFileSync(trace, 'utf8').match(/ f(?:data)?sync\(/g)?.length ?? 0;
}

async function attached({ stderr }: ChildProcess, count: number): Promise<void> {
  let said = '';
  stderr?.on('data', (text) => {
    said += String(text);
  });
  await poll('strace to be attached', async () => (said.match(/attached/g) ?? []).length >= count || undefined);
}
