import { setTimeout as delay } from 'node:timers/promises';
import type { FollowCommand, FollowReports } from './follow-worker.js';
import { killed, paused, stopped } from './harness/faults.js';
import { RECOVERY_LIMIT_MS } from './harness/patience.js';
import type { CommonReports } from './harness/protocol.js';
import type { Run } from './harness/run.js';
import { WorkerProcess } from './harness/worker-process.js';

const WORKER = new URL('./follow-worker.ts', import.meta.url);

const OUTAGE_MS = 1_500;
/** By then, the follower is current again after the end of an outage. */
const CURRENT_WITHIN_MS = 1_000;
/** What a follower may need in the end, on a machine that has much else to do. */
const LAST_LOOK_MS = 10_000;

type Timed = { readonly atMs: number };
type Shown = FollowReports['shown'];

/** When the backend was away. */
interface Outage {
  readonly fromMs: number;
  readonly toMs: number;
}

/**
 * One process changes an account, another one follows it. Each change writes a pair of records; the follower looks
 * whether they agree, and whether revisions grow. How far it is behind is measured from outside.
 */
export const follow: Run<'seconds' | 'outages' | 'rate' | 'records' | 'limitMs'> = {
  name: 'follow',
  drivers: ['sqlite', 'redis', 'postgres'],
  options: { seconds: 30, outages: 4, rate: 1000, records: 500, limitMs: 100 },
  make: async ({ backend, find, options, print, seed }) => {
    const { limitMs, rate, records, seconds } = options;
    const server = backend.network?.server;
    const faults = server === undefined ? [] : [stopped(server), killed(server), paused(server)];
    const outages = faults.length === 0 ? 0 : options.outages;
    print(
      `${seconds} s of ${rate} changes/s in ${records} records on ${backend.name}, ${outages} outages, seed ${seed}`,
    );
    const away: Outage[] = [];
    const owner = new Watched(backend.url);
    const follower = new Watched(backend.url);
    const { made, flushed } = owner.heard;
    const { shown, recovered } = follower.heard;
    const accountId = `follow-${seed}`;
    try {
      owner.worker.tell({ do: 'own', accountId, pairs: Math.max(1, Math.floor(records / 2)), changesPerSecond: rate });
      await owner.first('ready');
      follower.worker.tell({ do: 'follow', accountId });
      await follower.first('ready');
      const fromMs = nowMs();
      for (let n = 0; n <= outages; n += 1) {
        await delay((seconds * 1000) / (outages + 1));
        const fault = faults[n % faults.length];
        if (n === outages || fault === undefined) continue;
        const startedMs = nowMs();
        const undo = await fault.inject();
        await delay(OUTAGE_MS);
        await undo();
        away.push({ fromMs: startedMs, toMs: nowMs() });
        await delay(2 * CURRENT_WITHIN_MS);
      }
      owner.worker.tellToEnd({ do: 'end' });
      const { revision } = await owner.first('closed');
      await until(() => (shown.at(-1)?.revision ?? 0) >= revision, LAST_LOOK_MS);
      follower.worker.tellToEnd({ do: 'end' });
      const { cpuMs, revision: last } = await follower.first('closed');
      if (last < revision) find(`the follower ended at revision ${last}, the owner at ${revision}`);

      const isQuiet = (atMs: number, shownMs: number): boolean =>
        atMs >= fromMs && !away.some(({ fromMs: from, toMs }) => shownMs >= from && atMs <= toMs + CURRENT_WITHIN_MS);
      const commits = behind(flushed, shown, ({ revision: each }, { revision: seen }) => seen >= each);
      const changes = behind(made, shown, ({ step }, { step: seen }) => seen >= step);
      const ofCommits = commits.filter(({ atMs, shownMs }) => isQuiet(atMs, shownMs)).map(behindMs);
      const ofChanges = changes.filter(({ atMs, shownMs }) => isQuiet(atMs, shownMs)).map(behindMs);
      const afterOutages = away.map(({ fromMs: from, toMs }) => {
        const during = commits.filter(({ atMs, shownMs }) => shownMs >= from && atMs <= toMs + CURRENT_WITHIN_MS);
        return Math.max(0, ...during.map(({ atMs, shownMs }) => shownMs - Math.max(atMs, toMs)));
      });
      print(`  ${flushed.length} commits, ${shown.length} states shown, ${recovered.length} recoveries`);
      print(`  behind what was acknowledged: ${figures(ofCommits)}; behind changes: ${figures(ofChanges)}`);
      print(
        `  current after the end of an outage within ${afterOutages.map((each) => `${Math.round(each)} ms`).join(', ') || '(none)'}`,
      );
      print(`  processor time of the follower: ${Math.round((100 * cpuMs) / (nowMs() - fromMs))} % of one core`);
      if (quantile(ofCommits, 0.99) >= limitMs) find(`p99 behind the owner: expected less than ${limitMs} ms`);
      if (Math.max(0, ...afterOutages) > CURRENT_WITHIN_MS * Math.max(1, limitMs / 100)) find('late after an outage');
      return { commits: flushed.length, shown: shown.length, outages: away.length };
    } finally {
      for (const { worker } of [owner, follower]) for (const failure of worker.failures) find(failure);
      await Promise.allSettled([owner.worker.kill(), follower.worker.kill()]);
    }
  },
};

type Heard = { readonly [Kind in Exclude<keyof FollowReports, keyof CommonReports>]: FollowReports[Kind][] };

/** A worker, and all that it has reported. */
class Watched {
  readonly heard: Heard = { ready: [], made: [], flushed: [], shown: [], recovered: [], closed: [] };
  readonly worker: WorkerProcess<FollowCommand, FollowReports>;

  constructor(url: string) {
    const lists: Readonly<Record<string, unknown[]>> = this.heard;
    this.worker = new WorkerProcess({ script: WORKER, url, hear: (kind, report) => lists[kind]?.push(report) });
  }

  /** Resolves with the first report of this kind. Rejects when the worker fails before. */
  async first<Kind extends keyof Heard>(kind: Kind): Promise<FollowReports[Kind]> {
    const { failures } = this.worker;
    const reports: readonly FollowReports[Kind][] = this.heard[kind];
    await until(() => reports.length > 0 || failures.length > 0, RECOVERY_LIMIT_MS);
    const [report] = reports;
    if (report === undefined) throw new Error(`the worker failed before '${kind}'`);
    return report;
  }
}

function nowMs(): number {
  return performance.timeOrigin + performance.now();
}

async function until(isSo: () => boolean, limitMs: number): Promise<void> {
  const giveUpMs = nowMs() + limitMs;
  while (!isSo() && nowMs() < giveUpMs) await delay(5);
}

/** For each event, when the follower first showed it. Both lists are in the order of time; what was never shown is left out. */
function behind<Event extends Timed>(
  events: readonly Event[],
  shown: readonly Shown[],
  isIn: (event: Event, state: Shown) => boolean,
): { readonly atMs: number; readonly shownMs: number }[] {
  let at = 0;
  return events.flatMap((event) => {
    for (let state = shown[at]; state !== undefined && !isIn(event, state); state = shown[at]) at += 1;
    const state = shown[at];
    return state === undefined ? [] : [{ atMs: event.atMs, shownMs: state.atMs }];
  });
}

function behindMs({ atMs, shownMs }: { readonly atMs: number; readonly shownMs: number }): number {
  return Math.max(0, shownMs - atMs);
}

function quantile(values: readonly number[], part: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? 0;
}

function figures(values: readonly number[]): string {
  const [p50, p99, max] = [0.5, 0.99, 1].map((part) => quantile(values, part).toFixed(1));
  return `p50 ${p50} ms, p99 ${p99} ms, max ${max} ms`;
}
