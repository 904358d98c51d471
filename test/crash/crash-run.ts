import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { AccountStateStore, createDriver } from 'accountkeeper';
import type { CrashBackend } from './backends.js';
import { stateAfter } from './history.js';

export const WORKER: string = fileURLToPath(new URL('./worker.ts', import.meta.url));

/** What one run has shown. */
export interface CrashRun {
  /** Steps that were acknowledged by the time of the kill, all accounts and all runs so far. */
  readonly acknowledged: number;
  /** Steps that were acknowledged and not found after reopening. */
  readonly lost: number;
  /** Accounts whose records were not those of one step. */
  readonly torn: number;
}

/** How to run. */
export interface CrashRunOptions {
  readonly url: string;
  readonly accounts: number;
  readonly seed: number;
  /** Milliseconds between the moment when every account is ready and the kill of the worker. */
  readonly killAfterMs: number;
  /** The backend's process, to be killed too: after so many milliseconds. It is started again before the reading. */
  readonly backend?: { readonly server: NonNullable<CrashBackend['server']>; readonly killAfterMs: number };
}

/** Starts a worker, kills it with SIGKILL, reopens what it wrote, and compares it with what it had acknowledged. */
export async function crashRun(options: CrashRunOptions): Promise<CrashRun> {
  const { url, accounts, seed, killAfterMs, backend } = options;
  const acknowledged = new Map<number, number>();
  const worker = spawn(process.execPath, ['--import', 'tsx', WORKER, url, String(accounts), String(seed)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = once(worker, 'exit');
  let ready = 0;
  let backendKilled: Promise<void> | undefined;
  for await (const line of createInterface({ input: worker.stdout })) {
    const [first = '', second = ''] = line.split(' ');
    if (first !== 'ready') {
      acknowledged.set(Number(first), Number(second));
      continue;
    }
    ready += 1;
    if (ready < accounts) continue;
    setTimeout(() => worker.kill('SIGKILL'), killAfterMs);
    if (backend !== undefined) backendKilled = killAfter(backend.server, backend.killAfterMs);
  }
  const [code, signal] = await exited;
  if (backend !== undefined) {
    await backendKilled;
    await backend.server.start();
  }
  if (signal !== 'SIGKILL') throw new Error(`the worker ended by itself, with code ${code} and signal ${signal}`);
  return verify(url, accounts, acknowledged);
}

async function killAfter(server: NonNullable<CrashBackend['server']>, ms: number): Promise<void> {
  await delay(ms);
  await server.kill();
}

async function verify(url: string, accounts: number, acknowledged: ReadonlyMap<number, number>): Promise<CrashRun> {
  const driver = createDriver(url);
  let lost = 0;
  let torn = 0;
  for (let accountIndex = 0; accountIndex < accounts; accountIndex += 1) {
    const store = new AccountStateStore<{ step: number }, { step: number }>({
      accountId: `crash-${accountIndex}`,
      driver,
    });
    await store.restore();
    const step = store.getAccountMetadata()?.step ?? 0;
    lost += Math.max(0, (acknowledged.get(accountIndex) ?? 0) - step);
    if (!isStateAfter(store, accountIndex, step)) torn += 1;
    await store.close();
  }
  await driver.close();
  const steps = [...acknowledged.values()].reduce((sum, step) => sum + step, 0);
  return { acknowledged: steps, lost, torn };
}

function isStateAfter(store: AccountStateStore<{ step: number }>, accountIndex: number, step: number): boolean {
  const expected = stateAfter(accountIndex, step);
  const symbols = store.getSymbolsWithMetadata();
  if (symbols.length !== expected.size) return false;
  return symbols.every((symbol) => store.getSymbolMetadata(symbol)?.step === expected.get(symbol));
}
