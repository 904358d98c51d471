import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** Runs the bot of an exchange, which is killed twice and cut off twice, and expects that nothing is lost. */
export async function expectNothingLost(exchange: string): Promise<void> {
  if (!existsSync(join(ROOT, 'dist/src/index.js'))) throw new Error('run "npm run build" first: the example uses dist');
  const { PERSISTENCE_URL: _, ...env } = process.env;
  const program = ['--import', 'tsx', `examples/${exchange}/main.ts`];
  const { code, output } = await new Promise<{ code: unknown; output: string }>((resolve) => {
    execFile(process.execPath, program, { cwd: ROOT, env }, (error, stdout, stderr) => {
      resolve({ code: error?.code ?? 0, output: stdout + stderr });
    });
  });

  expect(output).toMatch(/^Store and exchange are equal: positions 1, orders \d, USDT \d+\.\d+\.$/m);
  expect(output).toMatch(/^Entries: 5 made, each order placed once; metadata lost: 0\.$/m);
  expect(output.match(/^SIGKILL: /gm)).toHaveLength(2);
  expect(output.match(/^Cut off: /gm)).toHaveLength(2);
  expect(code).toBe(0);
}
