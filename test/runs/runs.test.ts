import { describe, expect, it } from 'vitest';
import { crash } from './crash.js';
import { failover } from './failover.js';
import { follow } from './follow.js';
import type { BackendName } from './harness/backends.js';
import { makeRun, type Run } from './harness/run.js';
import { restarts } from './restarts.js';
import { spill } from './spill.js';
import { takeOver } from './take-over.js';

interface Case {
  readonly run: Run;
  /** What holds. */
  readonly title: string;
  readonly times: (driver: BackendName) => number;
  readonly seed: number;
  /** Its other options, where they are not the defaults. */
  readonly options?: Readonly<Record<string, number>>;
  /** What must have happened, and more often than this: a run in which nothing happens shows nothing. */
  readonly moreThan: Readonly<Record<string, number>>;
}

const CASES: readonly Case[] = [
  {
    run: crash,
    title: 'loses nothing that was acknowledged when the writing process is killed, and the backend every second time',
    times: (driver) => (driver === 'sqlite' ? 20 : 6),
    seed: 6,
    moreThan: { acknowledged: 20 },
  },
  {
    run: restarts,
    title: 'goes on by itself under load after each restart of its backend, and loses nothing',
    times: () => 3,
    seed: 7,
    moreThan: { steps: 0 },
  },
  {
    run: failover,
    title: 'loses nothing when the leader is killed, if it asks for the acknowledgement of all replicas',
    times: () => 2,
    seed: 11,
    moreThan: { steps: 0 },
  },
  {
    run: takeOver,
    title: 'loses nothing when another process takes the account over, and writes nothing once it is fenced',
    times: () => 8,
    seed: 1984,
    moreThan: { stopped: 0, acknowledged: 8, 'fenced owners': 0 },
  },
  {
    run: spill,
    title: 'restores everything after a shutdown without the backend, even when a restore is killed',
    times: () => 3,
    seed: 86,
    moreThan: { 'steps away': 0, 'restores killed': 1, 'ended by exit': 0 },
  },
  {
    run: follow,
    title: 'shows whole commits alone, in order, and all of them in the end, when it follows an account',
    times: () => 2,
    options: { outages: 1, rate: 300, limitMs: 6_000 },
    seed: 12,
    moreThan: { commits: 0, shown: 0 },
  },
];

describe.each(CASES)('a store ($run.name)', ({ run, title, times, seed, moreThan, options: others }) => {
  it.each(run.drivers)(`${title}: on %s`, { timeout: 120_000 }, async (driver) => {
    const [[option] = ['']] = Object.entries(run.options);
    const options = { ...run.options, ...others, [option]: times(driver) };
    const quiet = (): void => undefined;
    const { counts, findings } = await makeRun(run, { driver, options, seed, print: quiet, complain: quiet });
    expect(findings).toEqual([]);
    for (const [what, least] of Object.entries(moreThan)) expect(counts[what], what).toBeGreaterThan(least);
  });
});
