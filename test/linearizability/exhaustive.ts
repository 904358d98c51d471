import type { PersistenceDriver } from '../../src/core/persistence-driver.js';
import { Random } from '../contract/random.js';
import { Client } from './client.js';
import { type Program, shownProgram } from './programs.js';
import { Recorder } from './recorder.js';
import { forEachConcurrent, turns } from './side-by-side.js';
import type { Tally } from './tally.js';

/** What a run of programs needs. */
export interface ExhaustiveParts {
  /** One for each client, with connections of its own. */
  readonly drivers: readonly PersistenceDriver[];
  readonly programs: readonly Program[];
  /** How often each program runs. */
  readonly rounds: number;
  readonly seed: number;
  readonly tally: Tally;
}

// Accounts at the same time: enough to keep a server busy while each client waits for its answer.
const WIDTH = 48;

const NAMES = ['A', 'B', 'C'] as const;

/** Runs each program several times, each time on an account of its own, and checks what the clients saw. */
export async function runPrograms({ drivers, programs, rounds, seed, tally }: ExhaustiveParts): Promise<void> {
  const runs = Array.from({ length: rounds }, () => programs).flat();
  await forEachConcurrent(runs, WIDTH, async (program, index) => {
    const accountId = `exhaustive-${index}`;
    const about = `program ${shownProgram(program)} (account ${accountId}, seed ${seed})`;
    const recorder = new Recorder(accountId);
    await runProgram({ drivers, program, recorder, random: new Random(seed, accountId), tally, about });
    tally.check(recorder, about);
  });
}

interface ProgramRun {
  readonly drivers: readonly PersistenceDriver[];
  readonly program: Program;
  readonly recorder: Recorder;
  readonly random: Random;
  readonly tally: Tally;
  readonly about: string;
}

async function runProgram({ drivers, program, recorder, random, tally, about }: ProgramRun): Promise<void> {
  const anyDriver = (): PersistenceDriver => present(drivers[random.below(drivers.length)]);
  // Who takes which driver differs: one of them has seen what was there before, and another one may not have.
  const first = random.below(drivers.length);
  const clients = program.clients.map((_, index) => {
    const driver = present(drivers[(first + index) % drivers.length]);
    return new Client({ name: present(NAMES[index]), driver, recorder });
  });
  const founder = new Client({ name: 'S', driver: anyDriver(), recorder });
  if (program.start !== 'never written') {
    const results = [await founder.do('upsert'), ...(program.start === 'dropped' ? [await founder.do('drop')] : [])];
    for (const result of results) tally.note(result, about);
    const last = results.at(-1);
    const head = last?.kind === 'answered' && last.output.kind === 'head' ? last.output.head : undefined;
    for (const client of clients) client.see(head);
  }
  await Promise.all(
    program.clients.map(async (steps, index) => {
      for (const step of steps) {
        await turns(random.below(random.pick([1, 3, 12])));
        tally.note(await present(clients[index]).do(step), about);
      }
    }),
  );
  tally.note(await new Client({ name: 'Z', driver: anyDriver(), recorder }).do('load'), about);
}

function present<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('there are fewer drivers or names than clients');
  return value;
}
