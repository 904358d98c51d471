import { beforeEach, describe, expect, it } from 'vitest';
import { type SyncResult, SyncSchedule } from '../../../src/exchanges/shared/sync-schedule.js';
import { FakeClock, settle } from '../../support/fake-clock.js';

const MINUTE = 60_000;
let clock: FakeClock;
let schedule: SyncSchedule;
/** When syncs began. */
let begun: number[];
let running: number;
/** How the next syncs end; `done` when there is none left. */
let results: SyncResult[];
/** Holds syncs back until it is called. */
let release: (() => void) | undefined;
let isHeld: boolean;

beforeEach(() => {
  clock = new FakeClock();
  begun = [];
  running = 0;
  results = [];
  release = undefined;
  isHeld = false;
  schedule = new SyncSchedule(sync, MINUTE, clock);
});

async function sync(): Promise<SyncResult> {
  begun.push(clock.monotonic());
  running += 1;
  expect(running).toBe(1);
  if (isHeld) await new Promise<void>((resolve) => (release = resolve));
  running -= 1;
  return results.shift() ?? 'done';
}

function hold(): void {
  isHeld = true;
}

function letGo(): void {
  isHeld = false;
  release?.();
}

describe('a schedule of syncs', () => {
  it('syncs when asked for, and then each minute', async () => {
    expect(await schedule.request()).toBe('done');
    await clock.advance(3 * MINUTE);
    expect(begun).toEqual([0, MINUTE, 2 * MINUTE, 3 * MINUTE]);
  });

  it('begins nothing by itself before it is asked for the first time', async () => {
    schedule.hurry();
    await clock.advance(MINUTE);
    expect(begun).toEqual([]);
  });

  it('runs one at a time, and exactly one more for all that ask meanwhile', async () => {
    hold();
    const first = schedule.request();
    const others = [schedule.request(), schedule.request(), schedule.request()];
    letGo();
    await Promise.all([first, ...others]);
    expect(begun).toEqual([0, 0]);
    await clock.advance(MINUTE);
    expect(begun).toEqual([0, 0, MINUTE]);
  });

  it('counts an ask between the end of one and the start of the next as one that waits', async () => {
    hold();
    const first = schedule.request();
    const asked = first.then(() => schedule.request());
    const second = schedule.request();
    letGo();
    await Promise.all([asked, second]);
    expect(begun).toEqual([0, 0]);
  });

  it('syncs soon when there is a hurry, and then with a delay that grows up to the minute', async () => {
    await schedule.request();
    await clock.advance(10_000);
    schedule.hurry();
    await clock.advance(3 * MINUTE);
    expect(begun.slice(1)).toEqual([11, 15, 31, 91, 151].map((second) => second * 1_000));
  });

  it('is not put off by more hurry', async () => {
    await schedule.request();
    schedule.hurry();
    await clock.advance(900);
    schedule.hurry();
    await clock.advance(100);
    expect(begun).toEqual([0, 1_000]);
  });

  it('syncs soon after a sync during which there was a hurry', async () => {
    hold();
    const first = schedule.request();
    schedule.hurry();
    await clock.advance(5_000);
    letGo();
    await first;
    await clock.advance(1_000);
    expect(begun).toEqual([0, 6_000]);
  });

  it('syncs once soon when that is wanted again, and goes on each minute', async () => {
    results = ['again', 'done'];
    await schedule.request();
    await clock.advance(2 * MINUTE);
    expect(begun).toEqual([0, 1_000, 61_000]);
  });

  it('tries soon after a failure, and then with a delay that grows up to the minute', async () => {
    await schedule.request();
    results = Array<SyncResult>(8).fill('failed');
    await clock.advance(4 * MINUTE);
    expect(begun).toEqual([0, 60, 61, 65, 81, 141, 201].map((second) => second * 1_000));
  });

  it('says of a sync how it ended', async () => {
    results = ['failed', 'again'];
    expect(await schedule.request()).toBe('failed');
    expect(await schedule.request()).toBe('again');
  });

  it('never syncs more seldom than each interval, however short that is', async () => {
    schedule = new SyncSchedule(sync, 200, clock);
    results = ['failed', 'again', 'done'];
    await schedule.request();
    schedule.hurry();
    await clock.advance(800);
    expect(begun).toEqual([0, 200, 400, 600, 800]);
  });

  it('leaves no timer when it is stopped, and syncs no more', async () => {
    await schedule.request();
    await schedule.stop();
    schedule.hurry();
    expect(await schedule.request()).toBe('failed');
    await clock.advance(5 * MINUTE);
    expect(begun).toEqual([0]);
    expect(clock.armed).toBe(0);
  });

  it('is stopped when the sync that runs has ended', async () => {
    hold();
    const first = schedule.request();
    const waiting = schedule.request();
    let isStopped = false;
    const stopped = schedule.stop().then(() => (isStopped = true));
    await settle();
    expect(isStopped).toBe(false);
    letGo();
    await stopped;
    expect([await first, await waiting]).toEqual(['done', 'failed']);
    expect(clock.armed).toBe(0);
  });
});
