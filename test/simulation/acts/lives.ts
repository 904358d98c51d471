import type { Bot } from '../bot.js';
import type { Word } from '../restore-start.js';
import type { LocalNote } from '../world/local-notes.js';
import type { World } from '../world.js';
import { type Act, othersOf } from './act.js';
import { change, transact } from './changes.js';
import { damage } from './faults.js';

export const open: Act = (world, bot) => {
  const { random } = world;
  if (bot.phase !== 'closed') return;
  const timeoutMs = random.pick([300, 6_000, 6_000]);
  const word = wordOf(world, bot);
  bot.restore({ knows: random.chance(0.2), word, timeoutMs });
};

export const poke: Act = (_, bot) => bot.poke();

export const close: Act = ({ random }, bot) => {
  if (bot.phase === 'open' || random.chance(0.3)) bot.close(random.pick([0, 50, 500, 3_000]));
};

export const crash: Act = (_, bot) => bot.crash();
export const refresh: Act = (_, bot) => bot.refresh();

/** Somebody reads, or opens, the account at the moment of a commit. */
export const readAmidst: Act = (world, bot) => {
  const { random, time } = world;
  const writer = othersOf(world, bot).find(({ isWritable }) => isWritable);
  bot.refresh();
  open(world, bot);
  if (writer === undefined) return;
  transact(world, writer);
  change(world, writer);
  if (random.chance(0.1)) damage(world, writer);
  time.after(random.below(20), () => writer.process.deliver(() => writer.flush('flush')));
};

/** The backend is away while a bot has to stop, and comes back afterwards. */
export const stopWithoutBackend: Act = (world, bot) => {
  if (!bot.isWritable) return;
  change(world, bot);
  if (world.random.chance(0.5)) transact(world, bot);
  world.weather.backend = 'down';
  world.tell('the backend is down');
  bot.close(300);
  world.time.after(1_000 + world.random.below(8_000), () => {
    world.weather.backend = 'up';
  });
};

/** A process takes its account back from a spill, and ends in the middle of it. */
export const crashWhileOpening: Act = (world, bot) => {
  if (bot.phase !== 'closed') return;
  bot.restore({ word: wordOf(world, bot) });
  world.time.after(world.random.below(60), () => bot.crash());
};

/** What an operator says who was asked: what the message named, or something that is not so any more. */
function wordOf({ random }: World, bot: Bot): Word | undefined {
  const newest = bot.asked.at(-1);
  if (!bot.isAsked || newest === undefined || random.chance(0.2)) return undefined;
  const { foreign, own } = bot.known().local;
  const revisionOf = ({ head }: LocalNote): number => head?.revision ?? 0;
  // Nobody wants the files of another backend in this one.
  const isOwn = Math.max(0, ...own.map(({ note }) => revisionOf(note))) > Math.max(0, ...foreign.map(revisionOf));
  const keep = random.pick(isOwn ? (['backend', 'local', 'local'] as const) : (['backend'] as const));
  if (!random.chance(0.2)) return { keep, ...newest };
  const stale = random.pick([...bot.asked, { revision: newest.revision, writeId: `not ${newest.writeId}` }]);
  return { keep, ...stale };
}
