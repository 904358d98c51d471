import type { CliIo } from '../../src/cli/cli-io.js';
import { run } from '../../src/cli/run.js';

/** What a command line has printed, and how it ended. */
export interface Recorded {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command line in this process. Relative paths are relative to the fixtures. */
export async function recorded(
  argv: readonly string[],
  { isTTY = false, env = {} }: { readonly isTTY?: boolean; readonly env?: CliIo['env'] } = {},
): Promise<Recorded> {
  let stdout = '';
  let stderr = '';
  const code = await run(argv, {
    stdout: { write: (text) => (stdout += text), isTTY },
    stderr: { write: (text) => (stderr += text) },
    env,
    cwd: `${import.meta.dirname}/fixtures`,
  });
  return { code, stdout, stderr };
}
