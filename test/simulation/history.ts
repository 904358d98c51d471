import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { DriverMutant } from './backend.js';
import type { Bot } from './bot.js';
import { type Profile, profileOf } from './profiles.js';
import { Violation } from './violation.js';
import { World } from './world.js';

/** What a history came to. */
export interface HistoryResult {
  readonly seed: number;
  readonly profile: string;
  readonly commits: number;
  readonly violation: Violation | undefined;
  readonly trace: readonly string[];
}

/** Runs the history of one seed. The same seed, the same history. */
export async function runHistory(seed: number, folder: string, mutant?: DriverMutant): Promise<HistoryResult> {
  const profile = profileOf(seed);
  const world = new World(seed, mutant);
  const directory = profile.spill ? mkdtempSync(join(folder, 'spill-')) : undefined;
  const exitListeners = new Set(process.listeners('exit'));
  world.tell(`seed ${seed}: ${profile.name}`);
  let violation: Violation | undefined;
  try {
    await play(world, profile, directory);
  } catch (error) {
    if (!(error instanceof Violation)) throw error;
    violation = error;
  } finally {
    // Stores of processes that have crashed would spill at the end of this one.
    for (const listener of process.listeners('exit')) {
      if (!exitListeners.has(listener)) process.removeListener('exit', listener);
    }
    if (directory !== undefined) rmSync(directory, { recursive: true, force: true });
  }
  const commits = world.backend.applied.get(world.accountId)?.length ?? 0;
  const trace = world.trace.map((line) => (directory === undefined ? line : line.replaceAll(directory, 'spill')));
  return { seed, profile: profile.name, commits, violation, trace };
}

async function play(world: World, profile: Profile, directory: string | undefined): Promise<void> {
  const { random } = world;
  for (const [index, ownership] of profile.bots.entries()) {
    world.addBot('PQR'[index] ?? 'S', { ownership, spillDirectory: directory, startOffline: profile.offline });
  }
  world.bots[0]?.restore();
  await world.pass(100);
  const steps = 40 + random.below(40);
  for (let step = 0; step < steps; step += 1) {
    profile.step(world);
    await world.pass(random.chance(0.15) ? random.below(12_000) : random.below(150));
  }
  await world.heal();
  const flushed = world.bots.map((bot) => bot.flushAtLast());
  await world.pass(10_000);
  for (const requireSettled of flushed) requireSettled();
  for (const bot of world.bots) await bot.settleDown();
  for (const bot of world.bots) bot.close(5_000);
  await world.pass(10_000);
  await reopen(world, directory);
  world.checkHistory();
}

/** A process that has seen nothing of all this finds what was acknowledged, and can write. */
async function reopen(world: World, directory: string | undefined): Promise<void> {
  if (world.wasRolledBack && directory !== undefined) return;
  const last: Bot = world.addBot('Z', { ownership: 'take-over', spillDirectory: directory, startOffline: false });
  last.restore();
  await world.pass(10_000);
  if (!last.isWritable) return;
  last.change('A', { n: world.nextValue() });
  last.flush('flush');
  await world.pass(10_000);
  await last.settleDown();
}
