import type { Bot, BotOptions } from './bot.js';
import type { World } from './world.js';

/** What a history is made of. */
export interface Profile {
  readonly name: string;
  readonly bots: readonly BotOptions['ownership'][];
  readonly spill: boolean;
  readonly offline: boolean;
  /** One thing that happens. */
  readonly step: (world: World) => void;
}

type Act = (world: World, bot: Bot) => void;

const SYMBOLS = ['A', 'B', 'C'];

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
const flush: Act = (_, bot) => bot.flush('flush');
const persistAll: Act = (_, bot) => bot.flush('persistAll');
const open: Act = (_, bot) => {
  if (bot.phase === 'closed') bot.restore();
};
const close: Act = (world, bot) => bot.close(world.random.pick([50, 500, 3_000]));
const crash: Act = (_, bot) => bot.crash();
const refresh: Act = (_, bot) => bot.refresh();
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
    const other = world.bots.find((each) => each !== bot);
    if (other === undefined || world.random.chance(0.4)) {
      change(world, bot);
      bot.flush('flush');
      world.time.after(3_000, () => bot.flush('persistAll'));
      return;
    }
    other.restore();
    world.time.after(200, () => {
      if (!other.isWritable) return;
      change(world, other);
      change(world, bot);
    });
  });
};

/** What is in the backend is damaged; once, and until it is written over. */
const damage: Act = (world) => {
  if (world.backend.head(world.accountId) === undefined) return;
  world.backend.damage(world.accountId);
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
] as const;

const ONE = ['take-over'] as const;
const TWO = ['take-over', 'take-over'] as const;

const PROFILES: readonly Profile[] = [
  {
    name: 'flaky network',
    bots: ONE,
    spill: false,
    offline: false,
    step: mostly([...WRITING, [4, storm], [2, outage], [4, changeBack], [1, persistAll], [1, jump], [1, crash]]),
  },
  {
    name: 'two writers',
    bots: TWO,
    spill: false,
    offline: false,
    step: mostly([...WRITING, [3, open], [2, storm], [1, outage], [1, crash], [2, close], [2, changeBack]]),
  },
  {
    name: 'pauses',
    bots: TWO,
    spill: false,
    offline: false,
    step: mostly([...WRITING, [3, open], [3, pause], [1, storm], [1, jump], [1, close]]),
  },
  {
    name: 'waiting',
    bots: ['wait', 'wait', 'wait'],
    spill: false,
    offline: false,
    step: mostly([...WRITING, [3, open], [2, pause], [2, crash], [2, close], [1, storm], [1, jump]]),
  },
  {
    name: 'readers',
    bots: ['take-over', 'take-over', 'read-only'],
    spill: false,
    offline: false,
    step: mostly([...WRITING, [2, open], [6, refresh], [1, storm]]),
  },
  {
    name: 'refused records',
    bots: ONE,
    spill: false,
    offline: false,
    step: mostly([...WRITING, [3, refused], [3, unencodable], [1, storm], [1, close]]),
  },
  {
    name: 'rollback',
    bots: TWO,
    spill: false,
    offline: false,
    step: mostly([
      [8, change],
      [3, flush],
      [2, rollBack],
    ]),
  },
  {
    name: 'spill',
    bots: TWO,
    spill: true,
    offline: false,
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
    bots: TWO,
    spill: true,
    offline: true,
    step: mostly([...WRITING, [3, stopWithoutBackend], [4, open], [2, outage], [1, crash], [1, storm]]),
  },
  {
    name: 'damage',
    bots: TWO,
    spill: false,
    offline: false,
    step: mostly([...WRITING, [1, damage], [3, close], [2, open]]),
  },
];

/** Seeds take turns. */
export function profileOf(seed: number): Profile {
  const profile = PROFILES[seed % PROFILES.length];
  if (profile === undefined) throw new Error('there is no profile');
  return profile;
}
