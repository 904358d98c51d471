import type { Act } from './act.js';

export const jump: Act = (world, bot) => bot.process.jumpWall(world.random.below(20_000_000) - 10_000_000);

export const pause: Act = (world, bot) => {
  bot.process.pause();
  world.tell(`${bot.process.name} is stopped`);
  const { process } = bot;
  world.time.after(world.random.below(30_000), () => process.resume());
};

/** Nobody who lives is kept from showing it: only those who wait are stopped, and processes that end. */
export const pauseWaiting: Act = (world, bot) => {
  if (bot.phase !== 'open') pause(world, bot);
};

export const storm: Act = ({ random, weather }) => {
  weather.loss = random.pick([0, 0, 0.1, 0.4]);
  weather.duplicates = random.pick([0, 0, 0.3]);
  weather.delays = random.pick([0, 0, 0.3]);
  weather.cuts = random.pick([0, 0, 0.2]);
};

export const outage: Act = (world) => {
  const { random, time, weather } = world;
  weather.backend = random.pick(['down', 'paused'] as const);
  world.tell(`the backend is ${weather.backend}`);
  time.after(random.below(15_000), () => {
    weather.backend = 'up';
  });
};

/** Somebody holds the lock of the backend for a moment. */
export const lock: Act = (world, bot) => {
  const { random, time, weather } = world;
  weather.isLocked = true;
  world.tell('the backend is locked');
  world.reach('lock');
  if (random.chance(0.3)) bot.flush('persistAll');
  time.after(random.below(6_000), () => {
    weather.isLocked = false;
  });
};

/** The driver does not settle what it is asked for a while. */
export const deafen: Act = (world) => {
  const { random, time, weather } = world;
  weather.isDeaf = true;
  world.wasDeaf = true;
  world.tell('the driver answers nothing');
  world.reach('deaf driver');
  time.after(random.below(6_000), () => {
    weather.isDeaf = false;
  });
};

/** For a moment the backend takes less than its driver says, and names no record. */
export const refuseBatches: Act = (world) => {
  const { random, time, weather } = world;
  weather.refusesBatches = true;
  world.tell('the backend refuses batches');
  time.after(random.below(3_000), () => {
    weather.refusesBatches = false;
  });
};

/** The backend loses the signs of life of all processes, and no account. */
export const loseLeases: Act = (world) => {
  const { accounts, backend } = world;
  const kept = [...backend.state].filter(([accountId]) => accounts.some(({ id }) => id === accountId));
  if (kept.length === backend.state.size) return;
  world.tell('the backend loses all leases');
  world.reach('lease lost');
  backend.replace(new Map(kept));
};

/** What is in the backend is damaged by the next commit; once, and until it is written over. */
export const damage: Act = (world, { account }) => {
  if (account.isDamaged || account.revision === 0) return;
  world.tell('a record is damaged by the next commit');
  account.isDamaged = true;
  account.backend.damageNext.add(account.id);
};
