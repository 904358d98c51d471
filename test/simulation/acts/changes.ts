import type { Meta } from '../world/memory.js';
import type { World } from '../world.js';
import type { Act } from './act.js';

const SYMBOLS = ['A', 'B', 'C'];
const TOGETHER = ['T1', 'T2', 'T3', 'A', 'B'];
const MANY = ['H1', 'H2', 'H3', 'H4', 'H5', 'H6', 'T1', 'A'];

export const change: Act = (world, bot) => {
  const symbol = world.random.pick(SYMBOLS);
  if (world.random.chance(0.2)) bot.change(symbol, undefined);
  else bot.change(symbol, valueIn(world));
};

/** A change that is on its way, and is taken back before anybody knows what became of it. */
export const changeBack: Act = (world, bot) => {
  const symbol = world.random.pick(SYMBOLS);
  const before = bot.get(symbol);
  bot.change(symbol, valueIn(world));
  bot.flush('flush');
  world.time.after(100 + world.random.below(4_000), () => bot.process.deliver(() => bot.change(symbol, before)));
};

/** Some records change together. */
export const transact: Act = (world, bot) => {
  const { random } = world;
  const from = random.below(TOGETHER.length);
  const symbols = Array.from({ length: 2 + random.below(2) }, (_, index) => TOGETHER[(from + index) % TOGETHER.length]);
  bot.transact(changesOf(world, symbols), random.chance(0.1));
};

/** Several transactions in a row, each of which fits into a batch; all of them together do not. */
export const transactOften: Act = (world, bot) => {
  transact(world, bot);
  for (let delayMs = 1; delayMs < 6; delayMs += 1) {
    world.time.after(delayMs, () => bot.process.deliver(() => transact(world, bot)));
  }
};

/** More records than a small batch holds change together: all of them are refused there. */
export const transactMuch: Act = (world, bot) => {
  if (!bot.isWritable) return;
  if (MANY.length > world.limits.batchRecords) {
    world.reach('oversized');
    bot.refused(MANY.map((symbol) => `metadata/${symbol}`));
  }
  bot.transact(changesOf(world, MANY), world.random.chance(0.1));
};

export const unencodable: Act = (world, bot) => {
  if (!bot.isWritable) return;
  world.reach('unencodable');
  const bad = { n: BigInt(world.nextValue()) };
  if (world.random.chance(0.5)) bot.change('bad', bad);
  else
    bot.transact(
      new Map<string, Meta>([
        ['bad', bad],
        ['T1', valueIn(world)],
      ]),
      false,
    );
};

/** A record that the backend does not take, alone or together with others. */
export const refused: Act = (world, bot) => {
  bot.account.backend.refused.add('metadata/worse');
  bot.refused(['metadata/worse']);
  const value = { n: world.nextValue() };
  if (world.random.chance(0.5)) bot.change('worse', value);
  else
    bot.transact(
      new Map([
        ['worse', value],
        ['T2', valueIn(world)],
      ]),
      false,
    );
};

export const flush: Act = ({ random }, bot) => {
  if (random.chance(0.2)) bot.flush('flush', random.below(500));
  else bot.flush('flush');
};

export const persistAll: Act = ({ random }, bot) => {
  if (random.chance(0.2)) bot.flush('persistAll', random.below(1_000));
  else bot.flush('persistAll');
};

/** Somebody writes what could not be read. */
export const overwriteDamaged: Act = (world, bot) => {
  if (!bot.account.isDamaged) return;
  bot.change('damaged', world.random.chance(0.3) ? undefined : valueIn(world));
};

function changesOf(world: World, symbols: readonly (string | undefined)[]): Map<string, Meta | undefined> {
  const known = symbols.filter((symbol) => symbol !== undefined);
  return new Map(known.map((symbol) => [symbol, world.random.chance(0.15) ? undefined : valueIn(world)]));
}

/** Some are large enough for a few of them to fill a small batch. */
function valueIn(world: World): Meta {
  const n = world.nextValue();
  return world.random.chance(0.15) ? { n, pad: 'x'.repeat(400) } : { n };
}
