import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { beforeEach, describe, expect, it } from 'vitest';
import { closeOnSignals } from '../../../src/core/store/close-on-signals.js';
import { AccountStateStore, createDriver } from '../../../src/index.js';
import { HOSTILE_VALUES } from '../../support/hostile-values.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

const BOT = fileURLToPath(new URL('./fixtures/bot.ts', import.meta.url));

let directory = '';

beforeEach(() => {
  directory = temporaryFolder('shutdown');
});

interface Ended {
  readonly code: number | null;
  readonly lines: readonly string[];
}

/** Accounts of one call that fail when they are asked for, or closed. */
const BROKEN = ['accounts-throw', 'accounts-reject', 'accounts-end-early', 'accounts-are-none'] as const;

interface Bot {
  readonly url?: string;
  readonly accounts?: number;
  readonly wrong?: 'nothing' | 'commits' | 'hang' | (typeof BROKEN)[number];
  readonly spill?: string;
  readonly work?: 'forever' | 'briefly';
}

/** Runs a bot, sends it the signals once it is ready, and waits for its end. */
async function run(bot: Bot, ...signals: readonly NodeJS.Signals[]): Promise<Ended> {
  const { url = `sqlite://${join(directory, 'state.db')}`, accounts = 1, wrong = 'nothing' } = bot;
  const args = ['--import', 'tsx', BOT, url, String(accounts), wrong, bot.spill ?? '-', bot.work ?? 'forever'];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const exited = once(child, 'exit');
  const lines: string[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    lines.push(line);
    if (line === 'ready') for (const signal of signals) child.kill(signal);
  }
  const [code] = await exited;
  return { code, lines };
}

async function stored(): Promise<unknown> {
  const store = new AccountStateStore({
    accountId: 'account-0',
    driver: createDriver(`sqlite://${join(directory, 'state.db')}`),
    closeDriver: true,
    spill: { directory: join(directory, 'spill') },
  });
  await store.restore();
  const data = store.getAllSymbolMetadata();
  await store.close();
  return data;
}

describe('closeOnSignals()', () => {
  it.each(['SIGTERM', 'SIGINT'] as const)('saves everything at %s, and exits with 0', async (signal) => {
    const { code, lines } = await run({ accounts: 2 }, signal);
    expect(code).toBe(0);
    expect(lines.filter((line) => line.startsWith(`closed ${signal} 0 0`))).toHaveLength(2);
    expect(await stored()).toEqual({ A: { n: 1 } });
  });

  it('saves everything when the process has nothing more to do, and leaves its exit code', async () => {
    const { code, lines } = await run({ work: 'briefly' });
    expect(code).toBe(3);
    expect(lines).toContainEqual(expect.stringMatching(/^closed beforeExit 0 0/));
    expect(await stored()).toEqual({ A: { n: 1 } });
  });

  it.each(['commits', 'hang'] as const)('exits with 74 when something is lost (%s)', async (wrong) => {
    const { code } = await run({ wrong }, 'SIGTERM');
    expect(code).toBe(74);
    expect(await stored()).toEqual({});
  });

  it.each(['commits', 'hang'] as const)('exits with 75 when it is in a spill file (%s)', async (wrong) => {
    const spill = join(directory, 'spill');
    const { code } = await run({ wrong, spill }, 'SIGTERM');
    expect(code).toBe(75);
    expect(readdirSync(spill)).toHaveLength(1);
    expect(await stored()).toEqual({ A: { n: 1 } });
    expect(readdirSync(spill)).toEqual([]);
  });

  it.each(BROKEN)('saves the accounts of the other calls when those of one fail (%s)', async (wrong) => {
    const { code, lines } = await run({ accounts: 2, wrong }, 'SIGTERM');
    expect(code).toBe(74);
    expect(lines.filter((line) => line.startsWith('closed SIGTERM 74'))).toHaveLength(1);
    expect(lines.filter((line) => line.startsWith('closed SIGTERM 0 0'))).toHaveLength(2);
    expect(await stored()).toEqual({ A: { n: 1 } });
  });

  it('closes many accounts side by side', async () => {
    const { code, lines } = await run({ url: 'memory:', accounts: 200 }, 'SIGTERM');
    expect(code).toBe(0);
    const most = lines.filter((line) => line.startsWith('closed')).map((line) => Number(line.split(' ')[4]));
    expect(Math.max(...most)).toBeGreaterThan(100);
  });

  it('ends at once at a second signal, when the store writes its spill file all the same', async () => {
    const spill = join(directory, 'spill');
    const { code } = await run({ wrong: 'hang', spill }, 'SIGTERM', 'SIGINT');
    expect([1, 75]).toContain(code);
    expect(await stored()).toEqual({ A: { n: 1 } });
  });

  it('listens to nothing before it is called and after it is taken back', () => {
    const counts = (): number[] =>
      ['SIGTERM', 'SIGINT', 'beforeExit', 'uncaughtException'].map((name) => process.listenerCount(name));
    const before = counts();
    const first = closeOnSignals([]);
    const second = closeOnSignals([]);
    expect(counts()).toEqual(before.map((count, index) => (index < 3 ? count + 1 : count)));
    first.uninstall();
    second.uninstall();
    expect(counts()).toEqual(before);
  });

  it('refuses what is no account and what is no option', () => {
    const config = expect.objectContaining({ code: 'CONFIG' });
    for (const accounts of [undefined, null, 7]) expect(() => closeOnSignals(accounts as never)).toThrow(config);
    expect(() => closeOnSignals([], { timeoutMs: -1 })).toThrow(config);
    expect(() => closeOnSignals([], { onClosed: 'x' as never })).toThrow(config);
    expect(() => closeOnSignals([], { dedline: 1 } as never)).toThrow(config);
    expect(() => closeOnSignals((async () => []) as never)).toThrow(config);
    for (const { make } of HOSTILE_VALUES) {
      const accounts = make();
      if (typeof accounts !== 'function') expect(() => closeOnSignals(accounts as never)).toThrow(config);
    }
  });
});
