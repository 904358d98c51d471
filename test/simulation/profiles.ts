import type { Bot, BotOptions } from './bot.js';
import type { World } from './world.js';

/** What a history is made of. */
export interface Profile {
  readonly name: string;
  /** How the bots of each host open their accounts. */
  readonly hosts: readonly BotOptions['ownership'][];
  /** How many accounts there are; each host has a bot for each. @default 1 */
  readonly accounts?: number;
  /** Whether there are directories for spill files. */
  readonly spill: 'none' | 'shared' | 'one for each';
  /** Whether bots may start without the backend. */
  readonly offline?: boolean;
  /** Whether accounts with damaged records may be opened. */
  readonly quarantines?: boolean;
  /** Who waits never takes an account from an owner in these histories: nothing happens to that one. */
  readonly isCalm?: boolean;
  /** One thing that happens. */
  readonly step: (world: World) => void;
}

type Act = (world: World, bot: Bot) => void;

const SYMBOLS = ['A', 'B', 'C'];

function othersOf({ bots }: World, bot: Bot): readonly Bot[] {
  return bots.filter((each) => each !== bot && each.account === bot.account);
}

const change: Act = (world, bot) => {
  const symbol = world.random.pick(SYMBOLS);
  if (world.random.chance(0.2)) bot.change(symbol, undefined);
  else bot.change(symbol, { n: world.nextValue() });
};

/** A change that is on its way, and is taken back before anybody knows what became of it. */
const changeBack: Act = (world, bot) => {
  const symbol = world.random.pick(SYMBOLS);
  const before = bot.get(symbol);
  bot.change(symbol, { n: world.nextValue() });
  bot.flush('flush');
  world.time.after(100 + world.random.below(4_000), () => bot.process.deliver(() => bot.change(symbol, before)));
};

const transact: Act = (world, bot) => bot.transact(world.nextValue(), world.random.chance(0.1));
const flush: Act = ({ random }, bot) => {
  if (random.chance(0.2)) bot.flush('flush', random.below(500));
  else bot.flush('flush');
};
const persistAll: Act = (_, bot) => bot.flush('persistAll');
const open: Act = ({ random }, bot) => {
  if (bot.phase !== 'closed') return;
  const timeoutMs = random.pick([300, 6_000, 6_000]);
  bot.restore({ knows: random.chance(0.2), acceptRollback: random.chance(0.2), timeoutMs });
};
const poke: Act = (_, bot) => bot.poke();
const close: Act = ({ random }, bot) => {
  if (bot.phase === 'open' || random.chance(0.3)) bot.close(random.pick([0, 50, 500, 3_000]));
};
const crash: Act = (_, bot) => bot.crash();
const refresh: Act = (_, bot) => bot.refresh();
/** Somebody reads, or opens, the account at the moment of a commit. */
const readAmidst: Act = (world, bot) => {
  const { random, time } = world;
  const writer = othersOf(world, bot).find(({ isWritable }) => isWritable);
  bot.refresh();
  open(world, bot);
  if (writer === undefined) return;
  transact(world, writer);
  change(world, writer);
  time.after(random.below(20), () => writer.process.deliver(() => writer.flush('flush')));
};

const jump: Act = (world, bot) => bot.process.jumpWall(world.random.below(20_000_000) - 10_000_000);
const unencodable: Act = (world, bot) => bot.change('bad', { n: BigInt(world.nextValue()) });
const refused: Act = (world, bot) => {
  world.backend.refused.add('metadata/bad');
  bot.change('bad', { n: world.nextValue() });
};

const pause: Act = (world, bot) => {
  bot.process.pause();
  world.tell(`${bot.process.name} is stopped`);
  const { process } = bot;
  world.time.after(world.random.below(30_000), () => process.resume());
};

const storm: Act = ({ random, weather }) => {
  weather.loss = random.pick([0, 0, 0.1, 0.4]);
  weather.duplicates = random.pick([0, 0, 0.3]);
  weather.delays = random.pick([0, 0, 0.3]);
  weather.cuts = random.pick([0, 0, 0.2]);
};

const outage: Act = (world) => {
  const { random, time, weather } = world;
  weather.backend = random.pick(['down', 'paused'] as const);
  world.tell(`the backend is ${weather.backend}`);
  time.after(random.below(15_000), () => {
    weather.backend = 'up';
  });
};

/** The backend is away while a bot has to stop, and comes back afterwards. */
const stopWithoutBackend: Act = (world, bot) => {
  if (!bot.isWritable) return;
  change(world, bot);
  world.weather.backend = 'down';
  world.tell('the backend is down');
  bot.close(300);
  world.time.after(1_000 + world.random.below(8_000), () => {
    world.weather.backend = 'up';
  });
};

/** A process takes its account back from a spill, and ends in the middle of it. */
const crashWhileOpening: Act = (world, bot) => {
  if (bot.phase !== 'closed') return;
  bot.restore();
  world.time.after(world.random.below(60), () => bot.crash());
};

/**
 * Somebody restores a backup of a moment ago. Either another bot takes the account over then, while the owner does not
 * look, or the owner is asked to write everything again.
 */
const rollBack: Act = (world, bot) => {
  if (!bot.isWritable || world.isRollingBack) return;
  world.isRollingBack = true;
  const to = world.backend.snapshot();
  transact(world, bot);
  bot.flush('flush');
  world.time.after(400, () => {
    world.rollBack(to);
    const [other] = othersOf(world, bot);
    if (other === undefined || world.random.chance(0.4)) {
      change(world, bot);
      bot.flush('flush');
      world.time.after(3_000, () => bot.flush('persistAll'));
      return;
    }
    // A process that has seen nothing of what was lost.
    other.crash();
    other.restore();
    world.time.after(200, () => {
      if (!other.isWritable) return;
      change(world, other);
      change(world, bot);
    });
  });
};

/** What is in the backend is damaged; once, and until it is written over. */
const damage: Act = (world, { account }) => {
  if (account.damagedAt !== undefined || account.revision === 0) return;
  // Whoever has read it, and not yet claimed it, cannot know.
  if (world.bots.some(({ phase }) => phase === 'restoring')) return;
  world.tell('a record is damaged');
  account.damage();
};

const overwriteDamaged: Act = (world, bot) => {
  if (bot.account.damagedAt === undefined) return;
  bot.change('damaged', world.random.chance(0.3) ? undefined : { n: world.nextValue() });
};

/** A spill file was copied by somebody, and the copy is torn. */
const tear: Act = ({ random }, { account: { litter, spills } }) => {
  if (spills.length > 0) litter.drop(random.pick(spills).path, random.next());
};

/** Nobody who lives is kept from showing it: only those who wait are stopped, and processes that end. */
const pauseWaiting: Act = (world, bot) => {
  if (bot.phase !== 'open') pause(world, bot);
};

function mostly(acts: readonly (readonly [weight: number, act: Act])[]): (world: World) => void {
  const total = acts.reduce((sum, [weight]) => sum + weight, 0);
  return (world) => {
    let drawn = world.random.below(total);
    const bot = world.random.pick(world.bots);
    const act = acts.find(([weight]) => {
      drawn -= weight;
      return drawn < 0;
    })?.[1];
    if (bot.process.isRunning) act?.(world, bot);
  };
}

const WRITING = [
  [8, change],
  [4, transact],
  [5, flush],
  [4, open],
  [1, poke],
] as const;

const ONE = ['take-over'] as const;
const TWO = ['take-over', 'take-over'] as const;

const PROFILES: readonly Profile[] = [
  {
    name: 'flaky network',
    hosts: ONE,
    spill: 'none',
    step: mostly([...WRITING, [4, storm], [2, outage], [4, changeBack], [1, persistAll], [1, jump], [1, crash]]),
  },
  {
    name: 'two writers',
    hosts: TWO,
    spill: 'none',
    step: mostly([
      ...WRITING,
      [2, open],
      [2, readAmidst],
      [2, storm],
      [1, outage],
      [1, crash],
      [2, close],
      [2, changeBack],
    ]),
  },
  {
    name: 'pauses',
    hosts: TWO,
    spill: 'none',
    step: mostly([...WRITING, [3, open], [3, pause], [1, storm], [1, jump], [1, close]]),
  },
  {
    name: 'waiting',
    hosts: ['wait', 'wait', 'wait'],
    spill: 'none',
    step: mostly([...WRITING, [3, open], [2, pause], [2, crash], [2, close], [1, storm], [1, jump]]),
  },
  {
    name: 'readers',
    hosts: ['take-over', 'take-over', 'read-only'],
    spill: 'none',
    step: mostly([...WRITING, [2, open], [3, refresh], [5, readAmidst], [1, storm]]),
  },
  {
    name: 'refused records',
    hosts: ONE,
    spill: 'none',
    step: mostly([...WRITING, [3, refused], [3, unencodable], [1, storm], [1, close]]),
  },
  {
    name: 'rollback',
    hosts: TWO,
    spill: 'none',
    step: mostly([
      [8, change],
      [3, flush],
      [2, rollBack],
    ]),
  },
  {
    name: 'spill',
    hosts: TWO,
    spill: 'shared',
    step: mostly([
      ...WRITING,
      [3, stopWithoutBackend],
      [3, open],
      [2, crashWhileOpening],
      [2, storm],
      [1, pause],
      [1, outage],
    ]),
  },
  {
    name: 'offline',
    hosts: TWO,
    spill: 'shared',
    offline: true,
    step: mostly([...WRITING, [3, stopWithoutBackend], [4, open], [2, outage], [1, crash], [1, storm]]),
  },
  {
    name: 'damage',
    hosts: TWO,
    spill: 'none',
    quarantines: true,
    step: mostly([...WRITING, [1, damage], [2, overwriteDamaged], [3, close], [2, open], [1, crash]]),
  },
  {
    name: 'waiting for the living',
    hosts: ['wait', 'wait', 'wait'],
    spill: 'none',
    isCalm: true,
    step: mostly([...WRITING, [3, open], [2, pauseWaiting], [1, crash], [2, close], [2, jump]]),
  },
  {
    name: 'hosts of their own',
    hosts: TWO,
    spill: 'one for each',
    offline: true,
    step: mostly([...WRITING, [3, stopWithoutBackend], [4, open], [1, crash], [1, close], [1, tear], [1, outage]]),
  },
  {
    name: 'waiting, with spills',
    hosts: ['wait', 'wait'],
    spill: 'shared',
    step: mostly([...WRITING, [3, stopWithoutBackend], [4, open], [1, crash], [1, close], [1, pause], [1, storm]]),
  },
  {
    name: 'two accounts',
    hosts: ['wait', 'wait'],
    accounts: 2,
    spill: 'shared',
    step: mostly([
      ...WRITING,
      [4, open],
      [3, close],
      [1, stopWithoutBackend],
      [1, crash],
      [1, pause],
      [1, storm],
      [1, jump],
    ]),
  },
  {
    name: 'two accounts of the living',
    hosts: ['wait', 'wait', 'wait'],
    accounts: 2,
    spill: 'none',
    isCalm: true,
    step: mostly([...WRITING, [6, open], [1, crash], [4, close], [2, jump]]),
  },
  {
    name: 'rollback of what was spilled on',
    hosts: TWO,
    spill: 'shared',
    offline: true,
    step: mostly([...WRITING, [3, stopWithoutBackend], [1, crash], [2, rollBack], [2, open], [1, storm], [1, close]]),
  },
  {
    name: 'everything at once',
    hosts: ['take-over', 'wait', 'take-over'],
    spill: 'shared',
    offline: true,
    step: mostly([
      ...WRITING,
      [2, open],
      [2, storm],
      [1, outage],
      [1, pause],
      [1, crash],
      [1, crashWhileOpening],
      [2, close],
      [2, stopWithoutBackend],
      [2, changeBack],
      [1, unencodable],
      [1, persistAll],
      [1, jump],
      [1, tear],
    ]),
  },
];

/** Seeds take turns. */
export function profileOf(seed: number): Profile {
  const profile = PROFILES[seed % PROFILES.length];
  if (profile === undefined) throw new Error('there is no profile');
  return profile;
}
