import { beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { type Feed, type Following, type FollowOptions, follow } from '../../../src/exchanges/shared/follow.js';
import { applied, ignored, type MessageOutcome, unknown } from '../../../src/exchanges/shared/outcome.js';
import { FakeClock, settle } from '../../support/fake-clock.js';

const OUTCOME = applied({});
const VANISHED = applied({ resync: resyncOf(['1']) });
const FAULTY = applied({ faults: [{ field: 'data[0].size', message: 'data[0].size: expected', entry: {} }] });

function resyncOf(ids: readonly string[]) {
  const vanishedOrders = ids.map((exchangeOrderId) => ({ exchangeOrderId }));
  return { opened: [], closed: [], changed: [], orphanedMetadata: [], vanishedOrders: vanishedOrders as never[] };
}

/** A stream whose messages and failures a test sends. */
class FakeStream {
  /** How often a message was waited for. */
  waits = 0;
  #settle: { resolve(apply: () => MessageOutcome): void; reject(error: unknown): void } | undefined;

  readonly feed: Feed = () => {
    this.waits += 1;
    return new Promise((resolve, reject) => {
      this.#settle = { resolve, reject };
    });
  };

  async send(apply: () => MessageOutcome): Promise<void> {
    this.#settle?.resolve(apply);
    await settle();
  }

  async fail(error: unknown): Promise<void> {
    this.#settle?.reject(error);
    await settle();
  }
}

let clock: FakeClock;
let stream: FakeStream;
let prices: FakeStream;
let errors: unknown[];
let outcomes: MessageOutcome[];
let syncs: number[];
let sync: () => Promise<MessageOutcome>;

beforeEach(() => {
  clock = new FakeClock();
  stream = new FakeStream();
  prices = new FakeStream();
  errors = [];
  outcomes = [];
  syncs = [];
  sync = async () => OUTCOME;
});

function start(options: FollowOptions = {}, parts: object = {}): Promise<Following> {
  const part = (): Promise<MessageOutcome> => {
    syncs.push(clock.monotonic());
    return sync();
  };
  const told = {
    onError: (error: unknown) => errors.push(error),
    onOutcome: (it: MessageOutcome) => outcomes.push(it),
  };
  const all = { feeds: [stream.feed], prices: [prices.feed], syncs: [part], closingError: 'Closed', ...parts };
  return follow(all, { ...told, ...options }, clock);
}

describe('following an account', () => {
  it('begins with the streams, and has begun when the first sync has succeeded', async () => {
    let answer = (_: MessageOutcome): void => {};
    sync = () => new Promise((resolve) => (answer = resolve));
    const following = start();
    expect([stream.waits, prices.waits, syncs.length]).toEqual([1, 1, 0]);
    await settle();
    await stream.send(() => ignored('a greeting'));
    expect(outcomes).toEqual([ignored('a greeting')]);
    answer(OUTCOME);
    await following;
    expect(outcomes).toEqual([ignored('a greeting'), OUTCOME]);
  });

  it('stops and rejects when the first sync fails, and tells nobody else', async () => {
    sync = () => Promise.reject(new Error('busy'));
    await expect(start()).rejects.toThrow('busy');
    await stream.send(() => OUTCOME);
    await clock.advance(600_000);
    expect([syncs, outcomes, errors, stream.waits]).toEqual([[0], [], [], 1]);
    expect(clock.armed).toBe(0);
  });

  it('rejects when the first sync is not understood', async () => {
    sync = async () => unknown('options.symbols');
    await expect(start()).rejects.toThrow('not understood: options.symbols');
    expect([outcomes.length, errors]).toEqual([1, []]);
  });

  it('rejects when the streams are closed before the first sync has ended', async () => {
    let answer = (_: MessageOutcome): void => {};
    sync = () => new Promise((resolve) => (answer = resolve));
    const following = start();
    await settle();
    await stream.fail(Object.assign(new Error('closed'), { name: 'Closed' }));
    answer(OUTCOME);
    await expect(following).rejects.toThrow('stopped before the first sync had ended');
  });

  it('has begun although an entry of the first sync has a fault, which is told', async () => {
    sync = async () => FAULTY;
    await start();
    expect(errors).toMatchObject([{ message: 'not understood: data[0].size: expected', cause: FAULTY }]);
  });

  it.each([0, -1, Number.NaN])('rejects an interval of %o', async (intervalMs) => {
    await expect(start({ intervalMs })).rejects.toThrow('intervalMs: expected more than 0');
    expect([stream.waits, syncs]).toEqual([0, []]);
  });

  it('takes the timers of this machine, where an interval can be endless', async () => {
    vi.useFakeTimers();
    onTestFinished(() => void vi.useRealTimers());
    let count = 0;
    const part = async (): Promise<MessageOutcome> => {
      count += 1;
      return OUTCOME;
    };
    const parts = { feeds: [stream.feed], prices: [], syncs: [part] };
    const onError = (): void => {};
    const following = await follow(parts, { intervalMs: Number.POSITIVE_INFINITY, onError });
    await vi.advanceTimersByTimeAsync(600_000);
    expect(count).toBe(1);
    await following.stop();
    expect(vi.getTimerCount()).toBe(0);
    const hasty = await follow(parts, { onError });
    await vi.advanceTimersByTimeAsync(60_000);
    expect(count).toBe(3);
    await hasty.stop();
  });

  it('syncs each minute', async () => {
    await start();
    await clock.advance(120_000);
    expect(syncs).toEqual([0, 60_000, 120_000]);
  });

  it('syncs again soon when orders have vanished', async () => {
    await start();
    sync = async () => VANISHED;
    await clock.advance(60_000);
    sync = async () => OUTCOME;
    await clock.advance(2_000);
    expect(syncs).toEqual([0, 60_000, 61_000]);
  });

  it('reads all parts, one after the other, and runs what comes before each sync', async () => {
    const done: string[] = [];
    const part = (name: string) => async () => {
      await Promise.resolve();
      done.push(name);
      return name === 'inverse' ? VANISHED : OUTCOME;
    };
    const parts = { syncs: [part('linear'), part('inverse')] };
    await start({ beforeSync: async () => void done.push('before') }, parts);
    await clock.advance(1_000);
    expect(done).toEqual(['before', 'linear', 'inverse', 'before', 'linear', 'inverse']);
  });

  it('does not sync when what comes before has failed, and tries again', async () => {
    let isFailing = false;
    const beforeSync = async (): Promise<void> => {
      if (isFailing) throw new Error('no look-up');
    };
    await start({ beforeSync });
    isFailing = true;
    await clock.advance(60_000);
    expect([syncs, errors]).toEqual([[0], [new Error('no look-up')]]);
    isFailing = false;
    await clock.advance(1_000);
    expect(syncs).toEqual([0, 61_000]);
  });

  it('syncs when asked for, and says whether that succeeded', async () => {
    const following = await start();
    expect(await following.sync()).toBe(true);
    sync = () => Promise.reject(new Error('busy'));
    expect(await following.sync()).toBe(false);
    expect([syncs, errors]).toEqual([[0, 0, 0], [new Error('busy')]]);
  });

  it('syncs soon after the methods that say that a stream is connected, which do what they did', async () => {
    const target = {
      name: 'exchange',
      onConnected(what: string): string {
        return `${this.name} ${what}`;
      },
    };
    await start({}, { hooks: { target, methods: ['onConnected', 'handleSubscriptionStatus'] } });
    expect(target.onConnected('connected')).toBe('exchange connected');
    expect(target).not.toHaveProperty('handleSubscriptionStatus');
    await clock.advance(1_000);
    expect(syncs).toEqual([0, 1_000]);
  });
});

describe('a stream that is followed', () => {
  it('is waited for again after each message, whose outcome is told', async () => {
    await start();
    await stream.send(() => OUTCOME);
    await stream.send(() => ignored('a heartbeat'));
    expect(outcomes).toEqual([OUTCOME, OUTCOME, ignored('a heartbeat')]);
    expect(stream.waits).toBe(3);
  });

  it('tells what was not understood', async () => {
    await start();
    await stream.send(() => unknown('a new message'));
    await stream.send(() => FAULTY);
    expect(errors).toMatchObject([
      { message: 'not understood: a new message', cause: { kind: 'unknown' } },
      { message: 'not understood: data[0].size: expected' },
    ]);
    expect(stream.waits).toBe(3);
  });

  it('that fails is tried again with a delay that doubles up to ten seconds, and the account synced soon', async () => {
    await start();
    for (const delayMs of [1_000, 2_000, 4_000, 8_000, 10_000, 10_000]) {
      const { waits } = stream;
      await stream.fail(new Error('reset'));
      await clock.advance(delayMs - 1);
      expect(stream.waits).toBe(waits);
      await clock.advance(1);
      expect(stream.waits).toBe(waits + 1);
    }
    // Once for the failures in a row: a stream that stays away is no reason to sync each second.
    expect(syncs).toEqual([0, 1, 5, 21].map((second) => second * 1_000));
    expect(errors).toHaveLength(6);
  });

  it('that is back is a reason to sync, and to try soon after the next failure', async () => {
    await start();
    await stream.fail(new Error('reset'));
    await clock.advance(40_000);
    syncs = [];
    await stream.send(() => OUTCOME);
    await clock.advance(1_000);
    expect(syncs).toEqual([41_000]);
    await stream.fail(new Error('reset'));
    const { waits } = stream;
    await clock.advance(1_000);
    expect(stream.waits).toBe(waits + 1);
  });

  it('that throws when it is called has failed', async () => {
    const feed = () => {
      throw new Error('no such method');
    };
    await start({}, { feeds: [feed] });
    await clock.advance(1_000);
    expect(errors).toEqual([new Error('no such method'), new Error('no such method')]);
  });

  it('of prices is no reason to sync when it fails', async () => {
    await start();
    await prices.fail(new Error('reset'));
    await clock.advance(1_000);
    expect(prices.waits).toBe(2);
    await prices.send(() => OUTCOME);
    await clock.advance(10_000);
    expect([syncs, errors]).toEqual([[0], [new Error('reset')]]);
  });

  it('has missed nothing when a listener throws', async () => {
    const onOutcome = (): void => {
      throw new Error('my own mistake');
    };
    await start({ onOutcome });
    await stream.send(() => OUTCOME);
    await clock.advance(2_000);
    expect(errors).toEqual([new Error('my own mistake'), new Error('my own mistake')]);
    expect([stream.waits, syncs]).toEqual([2, [0]]);
  });
});

describe('an account that is no longer followed', () => {
  it('is not changed by a message or a sync', async () => {
    const following = await start();
    await following.stop();
    let isApplied = false;
    await stream.send(() => {
      isApplied = true;
      return OUTCOME;
    });
    expect(await following.sync()).toBe(false);
    await clock.advance(600_000);
    expect([isApplied, outcomes, syncs, stream.waits]).toEqual([false, [OUTCOME], [0], 1]);
    expect(clock.armed).toBe(0);
  });

  it('tells nothing of a sync that ended afterwards', async () => {
    let answer = (_: MessageOutcome): void => {};
    const following = await start();
    sync = () => new Promise((resolve) => (answer = resolve));
    const asked = following.sync();
    await settle();
    const stopped = following.stop();
    answer(FAULTY);
    await stopped;
    expect([await asked, outcomes, errors]).toEqual([false, [OUTCOME], []]);
  });

  it.each([
    ['the user has closed the streams', Object.assign(new Error('closed'), { name: 'Closed' })],
    ['the store is closed', Object.assign(new Error('closed'), { code: 'CLOSED' })],
  ])('is one of which %s: nobody is told', async (_, error) => {
    const following = await start();
    await stream.fail(error);
    expect(await following.sync()).toBe(false);
    expect([errors, syncs]).toEqual([[], [0]]);
  });
});

describe('what nobody listens to', () => {
  function printed(): unknown[][] {
    const print = vi.spyOn(console, 'error').mockImplementation(() => {});
    onTestFinished(() => print.mockRestore());
    return print.mock.calls;
  }

  it('is printed: failures, and what was not understood', async () => {
    const lines = printed();
    await start({ onError: undefined, onOutcome: undefined });
    await stream.send(() => FAULTY);
    await stream.fail(new Error('reset'));
    expect(lines).toEqual([[expect.objectContaining({ cause: FAULTY })], [new Error('reset')]]);
  });

  it('is printed when the listener itself throws', async () => {
    const lines = printed();
    const onError = (): void => {
      throw new Error('my own mistake');
    };
    await start({ onError });
    await stream.fail(new Error('reset'));
    await clock.advance(1_000);
    expect(lines).toEqual([[new Error('reset'), new Error('my own mistake')]]);
    expect(stream.waits).toBe(2);
  });
});
