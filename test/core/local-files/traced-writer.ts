import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { requireProgram } from '../../support/programs.js';
import type { WriterReport } from './writer-program.js';

export const WRITER: string = fileURLToPath(new URL('writer-program.ts', import.meta.url));

const CALLS = 'openat,write,pwrite64,fsync,fdatasync,link,linkat,rename,renameat2,unlink,unlinkat';

/** What a writer under strace has done. */
export interface TracedWriter {
  readonly report: WriterReport;
  /** The names of its system calls on files of the folder, and on the folders, in order. */
  readonly calls: readonly { readonly name: string; readonly target: string; readonly succeeded: boolean }[];
}

/**
 * Writes one spill in a process of its own under strace.
 *
 * @param faults - system calls that fail, as strace's `inject` takes them, such as `link:error=EPERM`; only where they
 *   have to do with `paths`
 */
export function traceWriter(
  directory: string,
  faults: readonly string[] = [],
  paths: readonly string[] = [],
): TracedWriter {
  const strace = requireProgram({ name: 'strace', debianPackage: 'strace' });
  const folder = mkdtempSync(join(tmpdir(), 'accountkeeper-strace-'));
  try {
    const output = join(folder, 'trace');
    const limits = paths.flatMap((path) => ['-P', path]);
    const injections = faults.flatMap((fault) => ['-e', `inject=${fault}`]);
    const traced = [process.execPath, '--import', 'tsx', WRITER, directory, 'traced'];
    const args = [
      '-f',
      '--seccomp-bpf',
      '-y',
      '-s',
      '16',
      '-e',
      `trace=${CALLS}`,
      ...injections,
      ...limits,
      '-o',
      output,
      ...traced,
    ];
    const printed = execFileSync(strace, args, { stdio: ['ignore', 'pipe', 'inherit'], encoding: 'utf8' });
    return { report: JSON.parse(printed) as WriterReport, calls: callsOn(directory, readFileSync(output, 'utf8')) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A call during which another thread was scheduled takes two lines, at its beginning and at its end. */
function wholeLines(trace: string): readonly string[] {
  const begun = new Map<string, string>();
  return trace.split('\n').flatMap((line) => {
    const [, thread = '', rest = ''] = /^(\d+)\s+(.*)$/.exec(line) ?? [];
    const [, beginning] = /^(.*?),? ?<unfinished \.\.\.>$/.exec(rest) ?? [];
    const [, end] = /^<\.\.\. \w+ resumed>,? ?(.*)$/.exec(rest) ?? [];
    if (beginning !== undefined) {
      begun.set(thread, beginning);
      return [];
    }
    return end === undefined ? [line] : [`${thread} ${begun.get(thread) ?? ''}${end}`];
  });
}

/** The system calls of a trace that have to do with the folder, in order. */
export function callsOn(directory: string, trace: string): TracedWriter['calls'] {
  return wholeLines(trace).flatMap((line) => {
    const [, name = '', args = '', result = ''] = /^\d+\s+(\w+)\((.*)\)\s+= (-?\d+)/.exec(line) ?? [];
    // Of a handle, `<path>`; of a name, `"path"`, the last of which is what the call makes.
    const [target] = [...args.matchAll(/<([^>]*)>|"([^"]*)"/g)]
      .map((each) => each[1] ?? each[2] ?? '')
      .filter(isOurs)
      .slice(-1);
    return target === undefined ? [] : [{ name, target, succeeded: !result.startsWith('-') }];
  });

  function isOurs(path: string): boolean {
    return path === directory || path.startsWith(`${directory}/`) || directory.startsWith(`${path}/`);
  }
}
