import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { flushAtLast, persistAtLast, requireSettled } from '../at-last.js';
import type { BotOptions } from '../bot.js';
import type { Corner } from '../corners.js';
import { type Profile, profileOf } from '../profiles.js';
import { Random } from '../random.js';
import { must, Violation } from '../violation.js';
import { World } from '../world.js';
import type { DriverMutant, SimulatedBackend } from './backend.js';
import { makeFilesInstant } from './instant-files.js';

/** What a history came to. */
export interface HistoryResult {
  readonly seed: number;
  readonly profile: string;
  readonly commits: number;
  readonly violation: Violation | undefined;
  readonly trace: readonly string[];
  readonly reached: ReadonlySet<Corner>;
}

/** Where the bots of a host keep their files. */
type Directories = Pick<BotOptions, 'spillDirectory' | 'highWaterDirectory'>;

/** How often somebody who was asked says what to go on with, at the end. */
const WORDS = 4;

/** Runs the history of one seed. The same seed, the same history. */
export async function runHistory(seed: number, folder: string, mutant?: DriverMutant): Promise<HistoryResult> {
  const profile = profileOf(seed);
  const hasSmallBatches = profile.hasSmallBatches === true && new Random(seed + 0.5).chance(0.7);
  const climate = { accounts: profile.accounts ?? 1, hasSmallBatches, isSlow: profile.isSlow === true };
  const world = new World(seed, climate, mutant);
  const root = mkdtempSync(join(folder, 'files-'));
  const exitListeners = new Set(process.listeners('exit'));
  const makeFilesSlow = makeFilesInstant();
  world.tell(`seed ${seed}: ${profile.name}`);
  let violation: Violation | undefined;
  try {
    await play(world, profile, root);
  } catch (error) {
    if (!(error instanceof Violation)) throw error;
    violation = error;
  } finally {
    makeFilesSlow();
    // Stores of processes that have crashed would spill at the end of this one.
    for (const listener of process.listeners('exit')) {
      if (!exitListeners.has(listener)) process.removeListener('exit', listener);
    }
    rmSync(root, { recursive: true, force: true });
  }
  const commits = world.accounts.reduce((sum, { applied }) => sum + applied.length, 0);
  const trace = world.trace.map((line) => line.replaceAll(`${root}/`, ''));
  return { seed, profile: profile.name, commits, violation, trace, reached: world.reached };
}

async function play(world: World, profile: Profile, root: string): Promise<void> {
  const { backend, elsewhere, random } = world;
  world.isCalm = profile.isCalm === true;
  const quarantines = (): boolean => profile.quarantines === true && random.chance(0.6);
  const places = placesOf(world, profile, root);
  for (const [index, ownership] of profile.hosts.entries()) {
    if (ownership === 'wait') world.reach('wait');
    const options = { ownership, quarantines: quarantines(), ...placeOf(places, index) };
    const bots = world.addHost('PQR'[index] ?? 'S', options, backend);
    if (index === 0) for (const bot of bots) bot.restore();
  }
  const hasForeigner = profile.hasForeigner === true && random.chance(0.6);
  const foreigner = { ownership: 'take-over', quarantines: quarantines(), ...placeOf(places, 0) } as const;
  if (hasForeigner) world.addHost('F', foreigner, elsewhere);
  await world.pass(100);
  if (profile.hasSmallBatches === true) await furnish(world);
  const { steps: fewest = 40 } = profile;
  const steps = fewest + random.below(fewest);
  for (let step = 0; step < steps; step += 1) {
    profile.step(world);
    await world.pass(random.chance(0.15) ? random.below(12_000) : random.below(150));
  }
  await world.heal();
  const flushed = world.bots.map((bot) => flushAtLast(world, bot));
  await world.pass(10_000);
  for (const requireFlushed of flushed) requireFlushed();
  for (const bot of world.bots) requireSettled(bot);
  world.takeAll();
  // One of them: the others are cut off then.
  const [rolledBack] = world.bots.filter(({ isRolledBack }) => isRolledBack);
  const requirePersisted = random.chance(0.5) ? rolledBack && persistAtLast(rolledBack) : undefined;
  await world.pass(10_000);
  requirePersisted?.();
  for (const bot of world.bots) bot.close(5_000);
  await world.pass(10_000);
  const ownership = profile.hosts.includes('wait') ? 'wait' : 'take-over';
  for (const directories of new Set(places)) {
    const options = { ownership, quarantines: profile.quarantines === true, ...directories } as const;
    await reopen(world, options, backend);
    if (hasForeigner) await reopen(world, options, elsewhere);
  }
  world.promises.requireSettled();
  for (const account of [...world.accounts, ...world.accountsElsewhere]) account.checkHistory();
}

/** An account that outgrows a small batch. */
async function furnish(world: World): Promise<void> {
  for (const symbol of ['A', 'B', 'C', 'T1', 'T2', 'T3']) {
    for (const bot of world.bots) bot.change(symbol, { n: world.nextValue() });
    await world.pass(1);
  }
}

/** The directories of each host, or one for all of them. */
function placesOf({ random }: World, { files, hosts, kinds = 'spill' }: Profile, root: string): readonly Directories[] {
  const keepsTogether = random.chance(0.5);
  const count = files === 'one for each' ? hosts.length : 1;
  return Array.from({ length: count }, (_, index) => {
    const spill = join(root, `host-${index}`);
    const highWater = keepsTogether ? spill : join(root, `water-${index}`);
    return {
      spillDirectory: files === 'none' || kinds === 'high-water' ? undefined : spill,
      highWaterDirectory: files === 'none' || kinds === 'spill' ? undefined : highWater,
    };
  });
}

function placeOf(places: readonly Directories[], index: number): Directories {
  const place = places[index % places.length];
  if (place === undefined) throw new Error('there is no place');
  return place;
}

/**
 * A process that has seen nothing of all this finds what was acknowledged, and can write. Where something is missing,
 * somebody says that it is to go on with what is there.
 */
async function reopen(world: World, options: BotOptions, backend: SimulatedBackend): Promise<void> {
  const bots = world.addHost('Z', options, backend);
  for (let words = 0; words <= WORDS && bots.some(({ isWritable }) => !isWritable); words += 1) {
    for (const bot of bots) {
      const newest = bot.isAsked ? bot.asked.at(-1) : undefined;
      const word = newest === undefined ? undefined : ({ keep: 'backend', ...newest } as const);
      if (!bot.isWritable) bot.restore({ timeoutMs: 30_000, word });
    }
    await world.pass(35_000);
  }
  for (const bot of bots) {
    const mayFail = bot.account.isDamaged && !options.quarantines;
    must(bot.isWritable || mayFail, 'a world that is well can be restored', () => bot.phase);
    bot.change('A', { n: world.nextValue() });
    bot.flush('flush');
  }
  await world.pass(10_000);
  for (const bot of bots) {
    requireSettled(bot);
    bot.close(5_000);
  }
  await world.pass(10_000);
}
