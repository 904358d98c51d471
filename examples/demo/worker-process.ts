import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { WorkerReport, WorkerTask } from './worker-protocol.js';

const WORKER = fileURLToPath(new URL('worker.ts', import.meta.url));

/** The messages of a worker until it ended. */
export interface WorkerRun {
  readonly reports: readonly WorkerReport[];
  /** Whether it ended by our SIGKILL. */
  readonly killed: boolean;
}

/**
 * Runs a worker to its end, or kills it with SIGKILL once it holds still. Everything that it told before is in the
 * result: its reports are written synchronously.
 *
 * Rejects when the worker fails.
 */
export async function runWorker(task: WorkerTask): Promise<WorkerRun> {
  const child = spawn(process.execPath, [...process.execArgv, WORKER, JSON.stringify(task)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const ended = new Promise<{ code: number | null; signal: string | null }>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => resolve({ code, signal }));
  });
  const reports: WorkerReport[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    const report: WorkerReport = JSON.parse(line);
    reports.push(report);
    if (report.type === 'holding') child.kill('SIGKILL');
  }
  const { code, signal } = await ended;
  const killed = signal === 'SIGKILL' && reports.at(-1)?.type === 'holding';
  if (!killed && code !== 0) throw new Error(`the worker ended with ${signal ?? `exit code ${code}`}`);
  return { reports, killed };
}
