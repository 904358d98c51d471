import { type IntervalHistogram, monitorEventLoopDelay } from 'node:perf_hooks';
import { type Account, filledAccount } from '../accounts.js';
import { type Entry, nextEntry, range, symbolAt } from '../data.js';
import type { Figure, Row } from '../figure.js';
import { pace } from '../measuring/pace.js';

const CHANGES_PER_SECOND = 2_000;
const RECORDS = 1_000;
const NANOSECONDS_PER_MS = 1_000_000;

/** Something that changes, and how late the loop was meanwhile. */
interface Watched {
  readonly name: string;
  readonly account: Account;
  readonly delay: IntervalHistogram;
}

/** How much later the event loop gets to a timer, because what changes is persisted. */
export const loopDelay: Figure = {
  name: 'loop-delay',
  title: 'Event loop delay at 2,000 changes a second',
  run: async (bench) => {
    const [version] = bench.versions;
    const bare = new version.library.AccountStateStore<Entry>();
    const watched = [watch('without persistence', bare)];
    for (const { name, urlOf } of await bench.backends()) {
      watched.push(watch(name, await filledAccount(version, urlOf('loop-delay'), RECORDS)));
    }
    const turns = bench.quick ? 2 : 12;
    const forMs = bench.quick ? 1_000 : 5_000;
    for (const turn of range(turns)) {
      bench.progress(`turn ${turn + 1} of ${turns}`);
      for (const { account, delay } of watched) {
        delay.enable();
        await pace(CHANGES_PER_SECOND, forMs, (index) => {
          account.setSymbolMetadata(symbolAt(index % RECORDS), nextEntry(index));
        });
        delay.disable();
        if (account !== bare) await account.flush();
      }
    }
    for (const { account } of watched) await account.close();
    const [floor, ...subjects] = watched.map(({ name, delay }) => ({ side: name, median: p99(delay) }));
    if (floor === undefined) throw new Error('nothing was measured');
    const seconds = (turns * forMs) / 1000;
    const claim = `added p99 of the event loop delay at 2,000 changes/s, ${seconds} s`;
    const rows = subjects.map(
      (subject): Row => ({
        claim,
        at: subject.side,
        value: subject.median - floor.median,
        unit: 'ms',
        asked: { atMost: 1 },
        sides: [subject, floor],
        sidesUnit: 'ms',
      }),
    );
    return { rows };
  },
};

function watch(name: string, account: Account): Watched {
  return { name, account, delay: monitorEventLoopDelay({ resolution: 1 }) };
}

function p99(delay: IntervalHistogram): number {
  return delay.percentile(99) / NANOSECONDS_PER_MS;
}
