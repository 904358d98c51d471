import { mostly } from './acts/act.js';
import {
  change,
  changeBack,
  flush,
  overwriteDamaged,
  persistAll,
  refused,
  transact,
  transactMuch,
  transactOften,
  unencodable,
} from './acts/changes.js';
import {
  damage,
  deafen,
  jump,
  lock,
  loseLeases,
  outage,
  pause,
  pauseWaiting,
  refuseBatches,
  storm,
} from './acts/faults.js';
import { copySpill, loseSpill, spoilHighWater, tearSpill } from './acts/files.js';
import { close, crash, crashWhileOpening, open, poke, readAmidst, refresh, stopWithoutBackend } from './acts/lives.js';
import {
  backUp,
  bringBack,
  comeBackAmidst,
  landLate,
  rollBack,
  rollBackUnderOwner,
  stopAndRollBack,
} from './acts/rollbacks.js';
import type { BotOptions } from './bot.js';
import type { World } from './world.js';

/** What a history is made of. */
export interface Profile {
  readonly name: string;
  /** How the bots of each host open their accounts. */
  readonly hosts: readonly BotOptions['ownership'][];
  /** How many accounts there are; each host has a bot for each. @default 1 */
  readonly accounts?: number;
  /** Whether there are directories for local files, and whose they are. */
  readonly files: 'none' | 'shared' | 'one for each';
  /** Which files there are: high-water files alone, spill files alone, or both in some way. @default 'spill' */
  readonly kinds?: 'spill' | 'high-water' | 'both';
  /** A host of another backend shares a directory with the first one. */
  readonly hasForeigner?: boolean;
  /** Whether accounts with damaged records may be opened. */
  readonly quarantines?: boolean;
  /** Few records outgrow a batch, in most of these histories. */
  readonly hasSmallBatches?: boolean;
  /** A batch takes longer than a commit may. */
  readonly isSlow?: boolean;
  /** Who waits never takes an account from an owner in these histories: nothing happens to that one. */
  readonly isCalm?: boolean;
  /** How many things happen at least; twice as many at most. @default 40 */
  readonly steps?: number;
  /** How many of these histories there are for one of another profile. @default 1 */
  readonly weight?: number;
  /** One thing that happens. */
  readonly step: (world: World) => void;
}

const WRITING = [
  [8, change],
  [4, transact],
  [5, flush],
  [4, open],
  [1, poke],
] as const;

/** Everything that can come together in the recovery of an account. */
const RECOVERING = [
  ...WRITING,
  [3, open],
  [2, persistAll],
  [3, backUp],
  [1, rollBack],
  [1, bringBack],
  [2, rollBackUnderOwner],
  [3, stopAndRollBack],
  [2, stopWithoutBackend],
  [2, crash],
  [1, crashWhileOpening],
  [1, close],
  [1, lock],
  [1, storm],
  [1, outage],
] as const;

/** What becomes of records, and of files. */
const SPOILING = [
  [2, damage],
  [2, overwriteDamaged],
  [2, unencodable],
  [2, refused],
  [2, transactMuch],
  [2, transactOften],
  [3, readAmidst],
  [1, copySpill],
  [1, spoilHighWater],
  [1, tearSpill],
  [1, deafen],
] as const;

const ONE = ['take-over'] as const;
const TWO = ['take-over', 'take-over'] as const;

const PROFILES: readonly Profile[] = [
  {
    name: 'flaky network',
    hosts: ONE,
    files: 'none',
    step: mostly([...WRITING, [4, storm], [2, outage], [4, changeBack], [1, persistAll], [1, jump], [1, crash]]),
  },
  {
    name: 'everything at once',
    steps: 70,
    weight: 4,
    hosts: ['take-over', 'wait', 'take-over'],
    files: 'one for each',
    kinds: 'both',
    hasForeigner: true,
    quarantines: true,
    hasSmallBatches: true,
    step: mostly([...RECOVERING, ...SPOILING, [1, pause], [1, loseLeases], [1, jump], [1, changeBack]]),
  },
  {
    name: 'two writers',
    hosts: TWO,
    files: 'none',
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
    files: 'none',
    step: mostly([...WRITING, [3, open], [3, pause], [1, storm], [1, jump], [1, close]]),
  },
  {
    name: 'everything in one folder',
    steps: 70,
    weight: 4,
    hosts: ['wait', 'take-over', 'wait'],
    files: 'shared',
    kinds: 'both',
    hasForeigner: true,
    quarantines: true,
    hasSmallBatches: true,
    step: mostly([...RECOVERING, ...SPOILING, [1, loseSpill], [2, loseLeases], [1, refuseBatches]]),
  },
  {
    name: 'waiting',
    hosts: ['wait', 'wait', 'wait'],
    files: 'none',
    step: mostly([...WRITING, [3, open], [2, pause], [2, crash], [2, close], [1, storm], [1, jump]]),
  },
  {
    name: 'readers',
    hosts: ['take-over', 'take-over', 'read-only'],
    files: 'none',
    step: mostly([...WRITING, [2, open], [3, refresh], [5, readAmidst], [1, storm]]),
  },
  {
    name: 'refused records',
    hosts: ONE,
    files: 'shared',
    hasSmallBatches: true,
    step: mostly([
      ...WRITING,
      [1, landLate],
      [3, refused],
      [3, unencodable],
      [2, transactMuch],
      [3, transactOften],
      [1, refuseBatches],
      [1, persistAll],
      [2, stopWithoutBackend],
      [1, storm],
      [1, close],
      [1, crash],
    ]),
  },
  {
    name: 'rollback',
    hosts: TWO,
    files: 'none',
    hasSmallBatches: true,
    step: mostly([
      [8, change],
      [3, transact],
      [3, flush],
      [2, rollBackUnderOwner],
      [2, comeBackAmidst],
      [1, lock],
      [2, open],
      [1, backUp],
      [1, rollBack],
      [1, bringBack],
      [1, persistAll],
    ]),
  },
  {
    name: 'spill',
    hosts: TWO,
    files: 'shared',
    hasSmallBatches: true,
    step: mostly([
      ...WRITING,
      [3, stopWithoutBackend],
      [2, transactOften],
      [3, open],
      [2, crashWhileOpening],
      [2, storm],
      [1, pause],
      [1, outage],
    ]),
  },
  {
    name: 'everything together',
    steps: 70,
    weight: 4,
    hosts: ['take-over', 'wait'],
    files: 'one for each',
    kinds: 'both',
    hasForeigner: true,
    quarantines: true,
    hasSmallBatches: true,
    step: mostly([...RECOVERING, ...SPOILING, [1, refuseBatches], [1, loseLeases], [1, loseSpill]]),
  },
  {
    name: 'damage',
    hosts: TWO,
    files: 'none',
    quarantines: true,
    step: mostly([...WRITING, [1, damage], [2, overwriteDamaged], [3, close], [3, readAmidst], [2, open], [1, crash]]),
  },
  {
    name: 'waiting for the living',
    hosts: ['wait', 'wait', 'wait'],
    files: 'none',
    isCalm: true,
    step: mostly([...WRITING, [3, open], [2, pauseWaiting], [1, crash], [2, close], [2, jump], [1, loseLeases]]),
  },
  {
    name: 'hosts of their own',
    hosts: TWO,
    files: 'one for each',
    kinds: 'both',
    step: mostly([
      ...WRITING,
      [3, stopWithoutBackend],
      [4, open],
      [1, crash],
      [1, close],
      [1, tearSpill],
      [1, copySpill],
      [1, spoilHighWater],
      [1, outage],
    ]),
  },
  {
    name: 'waiting, with spills',
    hosts: ['wait', 'wait'],
    files: 'shared',
    step: mostly([...WRITING, [3, stopWithoutBackend], [4, open], [1, crash], [1, close], [1, pause], [1, storm]]),
  },
  {
    name: 'two accounts',
    hosts: ['wait', 'wait'],
    accounts: 2,
    files: 'shared',
    kinds: 'both',
    step: mostly([
      ...WRITING,
      [4, open],
      [3, close],
      [1, stopWithoutBackend],
      [1, rollBackUnderOwner],
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
    files: 'none',
    isCalm: true,
    step: mostly([...WRITING, [6, open], [1, crash], [4, close], [2, jump], [1, loseLeases]]),
  },
  {
    name: 'a branch that is grown over',
    weight: 2,
    hosts: TWO,
    files: 'one for each',
    kinds: 'both',
    step: mostly([
      ...WRITING,
      [3, rollBackUnderOwner],
      [2, stopAndRollBack],
      [2, open],
      [3, readAmidst],
      [1, damage],
      [1, crash],
      [1, close],
    ]),
  },
  {
    name: 'slow backend',
    hosts: ONE,
    files: 'shared',
    isSlow: true,
    hasSmallBatches: true,
    step: mostly([...WRITING, [3, transactOften], [1, persistAll], [1, stopWithoutBackend], [1, storm], [1, crash]]),
  },
  {
    name: 'deaf driver',
    hosts: ['take-over', 'wait'],
    files: 'shared',
    step: mostly([...WRITING, [2, deafen], [3, open], [2, close], [1, persistAll], [1, crash]]),
  },
];

const TURNS = PROFILES.flatMap((profile) => Array.from({ length: profile.weight ?? 1 }, () => profile));

/** Seeds take turns. */
export function profileOf(seed: number): Profile {
  const profile = TURNS[seed % TURNS.length];
  if (profile === undefined) throw new Error('there is no profile');
  return profile;
}
