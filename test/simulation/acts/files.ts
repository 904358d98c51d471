import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { namesIn } from '../world/local-notes.js';
import { type Act, othersOf } from './act.js';

/** A spill file was copied by somebody, and the copy is torn. */
export const tearSpill: Act = ({ random }, { account: { litter, spills } }) => {
  if (spills.length > 0) litter.drop(random.pick(spills).path, random.next());
};

/** Somebody copies a spill file to where another host looks for it. */
export const copySpill: Act = (world, bot) => {
  const { account } = bot;
  const [other] = othersOf(world, bot);
  const directory = other?.options.spillDirectory;
  const spill = account.spillsIn(bot.directories).at(-1);
  if (spill === undefined || directory === undefined || !existsSync(spill.path)) return;
  const path = join(directory, basename(spill.path));
  if (existsSync(path) || account.spills.some((each) => each.path === path)) return;
  mkdirSync(directory, { recursive: true });
  copyFileSync(spill.path, path);
  account.spills.push({ ...spill, path });
  world.tell(`somebody copies ${spill.path} to ${directory}`);
};

/** Somebody loses a spill file. */
export const loseSpill: Act = (world, bot) => {
  const spill = bot.account.spillsIn(bot.directories).at(0);
  if (spill === undefined) return;
  rmSync(spill.path);
  spill.isRemoved = true;
  world.tell(`somebody removes ${spill.path}`);
  world.reach('lost file');
};

/** A high-water file is lost, torn, or comes back as it was before. */
export const spoilHighWater: Act = (world, bot) => {
  const { random, spoilt } = world;
  const directory = bot.options.highWaterDirectory;
  if (directory === undefined) return;
  const names = namesIn(directory).filter((name) => name.endsWith('.high-water'));
  if (names.length === 0) return;
  const path = join(directory, random.pick(names));
  const copy = spoilt.copies.get(path);
  spoilt.copies.set(path, readFileSync(path));
  const how = random.pick(['removes', 'tears', 'brings back an older'] as const);
  if (how === 'removes') rmSync(path);
  else if (how === 'brings back an older') writeFileSync(path, copy ?? readFileSync(path));
  else {
    truncateSync(path, random.below(readFileSync(path).length));
    spoilt.torn.add(path);
  }
  world.tell(`somebody ${how} ${path}`);
  world.reach('lost file');
};
