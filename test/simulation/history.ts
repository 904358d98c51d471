import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { DriverMutant } from './backend.js';
import type { BotOptions } from './bot.js';
import { type Profile, profileOf } from './profiles.js';
import { must, Violation } from './violation.js';
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
  const world = new World(seed, profile.accounts ?? 1, mutant);
  const directory = profile.spill === 'none' ? undefined : mkdtempSync(join(folder, 'spill-'));
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
  const commits = world.accounts.reduce((sum, { applied }) => sum + applied.length, 0);
  const trace = world.trace.map((line) => (directory === undefined ? line : line.replaceAll(directory, 'spill')));
  return { seed, profile: profile.name, commits, violation, trace };
}

async function play(world: World, profile: Profile, root: string | undefined): Promise<void> {
  const { random } = world;
  world.isCalm = profile.isCalm === true;
  const directoryOf = (index: number): string | undefined => {
    if (root === undefined) return undefined;
    return join(root, profile.spill === 'one for each' ? `host-${index}` : 'shared');
  };
  const quarantines = profile.quarantines === true && random.chance(0.7);
  const startOffline = profile.offline === true && random.chance(0.8);
  for (const [index, ownership] of profile.hosts.entries()) {
    const options = { ownership, spillDirectory: directoryOf(index), startOffline, quarantines };
    const bots = world.addHost('PQR'[index] ?? 'S', options);
    if (index === 0) for (const bot of bots) bot.restore();
  }
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
  for (const bot of world.bots) bot.settleDown();
  for (const bot of world.bots) bot.close(5_000);
  await world.pass(10_000);
  const directories = new Set(profile.hosts.map((_, index) => directoryOf(index)));
  for (const spillDirectory of directories) {
    const ownership = profile.hosts.includes('wait') ? 'wait' : 'take-over';
    await reopen(world, { ownership, spillDirectory, startOffline: false, quarantines });
  }
  for (const account of world.accounts) account.checkHistory(world.wasRolledBack);
}

/** A process that has seen nothing of all this finds what was acknowledged, and can write. */
async function reopen(world: World, options: BotOptions): Promise<void> {
  const bots = world.addHost('Z', options);
  for (const bot of bots) bot.restore({ timeoutMs: 30_000 });
  await world.pass(35_000);
  for (const bot of bots) {
    const mayFail = (bot.account.damagedAt !== undefined && !options.quarantines) || world.wasRolledBack;
    must(bot.isWritable || mayFail, 'a world that is well can be restored', () => bot.phase);
    bot.change('A', { n: world.nextValue() });
    bot.flush('flush');
  }
  await world.pass(10_000);
  for (const bot of bots) {
    bot.settleDown();
    bot.close(5_000);
  }
  await world.pass(10_000);
}
