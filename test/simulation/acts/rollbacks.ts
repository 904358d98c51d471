import type { Bot } from '../bot.js';
import type { Account } from '../world/account.js';
import { isIn } from '../world/applied-commit.js';
import type { BackendState } from '../world/backend.js';
import type { World } from '../world.js';
import { type Act, othersOf } from './act.js';
import { change, persistAll, refused, transact } from './changes.js';
import { open, stopWithoutBackend } from './lives.js';

/** How often the backend is replaced in one history at most. */
const MAX_ROLLBACKS = 4;
const MAX_BACKUPS = 3;

/** Somebody makes a copy of all that is stored. */
export const backUp: Act = ({ backend, backups }) => {
  backups.push(backend.state);
  if (backups.length > MAX_BACKUPS) backups.shift();
};

/** Somebody brings a copy back, or begins with an empty backend. */
export const rollBack: Act = (world) => {
  const { backups, random, rollbacks } = world;
  if (rollbacks < MAX_ROLLBACKS)
    rollBackTo(world, random.chance(0.2) ? new Map() : random.pick([new Map(), ...backups]));
};

/** What was lost comes back, whatever was written meanwhile. */
export const bringBack: Act = (world) => {
  const { lost, random, rollbacks } = world;
  if (lost.length > 0 && rollbacks < MAX_ROLLBACKS) bringBackTo(world, random.pick(lost));
};

/**
 * Somebody restores a backup of a moment ago, while the owner does not look. Then another bot takes the account over,
 * or the owner is asked to write everything again, or the newer data come back; or several of it.
 */
export const rollBackUnderOwner: Act = (world, bot) => {
  const { backend, random, time } = world;
  if (!bot.isWritable || bot.account.backend !== backend || world.rollbacks >= MAX_ROLLBACKS) return;
  const to = random.chance(0.2) ? new Map() : backend.state;
  transact(world, bot);
  bot.flush('flush');
  time.after(400, () => {
    rollBackTo(world, to);
    if (random.chance(0.5)) growOver(world, bot);
    if (random.chance(0.7)) change(world, bot);
    if (random.chance(0.5)) bot.flush('flush');
    if (random.chance(0.5)) time.after(random.below(3_000), () => bot.process.deliver(() => persistAll(world, bot)));
    if (random.chance(0.3)) time.after(random.below(4_000), () => changeSides(world, bot));
    if (random.chance(0.2)) time.after(random.below(4_000), () => bot.close(500));
  });
};

/** The owner writes everything again above older data. While it is at it, the newer ones come back. */
export const comeBackAmidst: Act = (world, bot) => {
  const { backend, lost, random, time } = world;
  if (!bot.isWritable || bot.account.backend !== backend || world.rollbacks >= MAX_ROLLBACKS - 1) return;
  const to = backend.state;
  transact(world, bot);
  bot.flush('flush');
  time.after(400, () => {
    rollBackTo(world, to);
    change(world, bot);
    bot.flush('flush');
  });
  time.after(1_500, () => bot.process.deliver(() => persistAll(world, bot)));
  time.after(1_500 + random.below(60), () => {
    const newest = lost.at(-1);
    if (newest !== undefined) bringBackTo(world, newest);
    bot.flush('flush');
  });
};

/** The newer data come back, and perhaps what was written without them after that: two servers take turns. */
function changeSides(world: World, bot: Bot): void {
  bringBack(world, bot);
  if (world.random.chance(0.5)) world.time.after(world.random.below(2_000), () => bringBack(world, bot));
}

/** What was spilled lies on more than the backend comes back with, and somebody has to say what to keep. */
export const stopAndRollBack: Act = (world, bot) => {
  const { backend, random, time } = world;
  if (!bot.isWritable || bot.account.backend !== backend || world.rollbacks >= MAX_ROLLBACKS) return;
  const to = random.chance(0.3) ? new Map() : backend.state;
  transact(world, bot);
  bot.flush('flush');
  time.after(300, () => stopWithoutBackend(world, bot));
  time.after(900, () => rollBackTo(world, to));
  time.after(9_500, () => bot.process.deliver(() => open(world, bot)));
  if (random.chance(0.5)) time.after(9_600, () => growOver(world, bot));
  time.after(11_000 + random.below(4_000), () => bot.process.deliver(() => open(world, bot)));
};

/**
 * A commit is on its way for so long that it is refused when it is repeated, and given up. What can be written is
 * acknowledged; then somebody restores a backup of before, on which the commit arrives after all.
 */
export const landLate: Act = (world, bot) => {
  const { backend, time, weather } = world;
  if (!bot.isWritable || bot.account.backend !== backend || world.rollbacks >= MAX_ROLLBACKS) return;
  const to = backend.state;
  refused(world, bot);
  change(world, bot);
  bot.flush('flush');
  weather.heldMs = 9_000;
  time.after(50, () => {
    weather.heldMs = 0;
  });
  time.after(1_000, () => bot.process.deliver(() => change(world, bot)));
  time.after(7_000, () => rollBackTo(world, to));
  time.after(8_500, () => backend.refused.clear());
  time.after(9_500, () => bot.process.deliver(() => transact(world, bot)));
};

/** A process that has seen nothing of what was lost goes on above what is left. */
function growOver(world: World, bot: Bot): void {
  const other = othersOf(world, bot).find(({ isReader, process }) => !isReader && process.isRunning);
  if (other === undefined) return;
  other.crash();
  other.restore();
  for (const delayMs of [200, 400, 600]) {
    world.time.after(delayMs, () => {
      change(world, other);
      other.flush('flush');
    });
  }
}

function rollBackTo(world: World, to: BackendState): void {
  const before = storedIn(world);
  world.tell(to.size === 0 ? 'the backend comes back empty' : 'the backend comes back older');
  world.replace(to);
  if (!world.accounts.some((account) => !isIn(before.get(account), account.stored))) return;
  world.reach('rollback');
  if (to.size === 0) world.reach('emptied');
}

function bringBackTo(world: World, to: BackendState): void {
  const before = storedIn(world);
  world.tell('the backend comes back newer');
  world.replace(to);
  const isNewer = world.accounts.some((account) => before.get(account) !== account.stored);
  if (isNewer) world.reach('newer again');
}

function storedIn({ accounts }: World): Map<Account, Account['stored']> {
  return new Map(accounts.map((account) => [account, account.stored]));
}
