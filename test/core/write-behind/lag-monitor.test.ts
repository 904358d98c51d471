import { describe, expect, it } from 'vitest';
import { LagMonitor } from '../../../src/core/write-behind/lag-monitor.js';
import { FakeClock } from '../../support/fake-clock.js';

function setUp(): { clock: FakeClock; monitor: LagMonitor; reports: number[] } {
  const clock = new FakeClock();
  const reports: number[] = [];
  return { clock, reports, monitor: new LagMonitor(clock, 1_000, (oldestMs) => reports.push(oldestMs)) };
}

describe('LagMonitor', () => {
  it('reports once that something has been pending for longer than the bound', async () => {
    const { clock, monitor, reports } = setUp();
    await clock.advance(500);
    monitor.update(500);
    await clock.advance(1_000);
    expect(reports).toEqual([]);
    await clock.advance(1);
    expect(reports).toEqual([1_001]);
    monitor.update(500);
    await clock.advance(10_000);
    expect(reports).toHaveLength(1);
    expect(clock.armed).toBe(0);
  });

  it('reports at once what is that old already', async () => {
    const { clock, monitor, reports } = setUp();
    await clock.advance(5_000);
    monitor.update(100);
    await clock.advance(1);
    expect(reports).toEqual([4_901]);
  });

  it('waits on when the oldest change has become a younger one', async () => {
    const { clock, monitor, reports } = setUp();
    monitor.update(0);
    await clock.advance(600);
    monitor.update(600);
    await clock.advance(1_000);
    expect(reports).toEqual([]);
    await clock.advance(1);
    expect(reports).toEqual([1_001]);
  });

  it('reports again after everything had caught up', async () => {
    const { clock, monitor, reports } = setUp();
    monitor.update(0);
    await clock.advance(1_001);
    monitor.update(undefined);
    expect(clock.armed).toBe(0);
    monitor.update(1_001);
    await clock.advance(1_001);
    expect(reports).toEqual([1_001, 1_001]);
  });

  it('reports again after the oldest change had come back below the bound', async () => {
    const { clock, monitor, reports } = setUp();
    monitor.update(0);
    await clock.advance(1_001);
    monitor.update(1);
    await clock.advance(2_000);
    expect(reports).toEqual([1_001, 1_001]);
  });

  it('sets one timer, and none when nothing is pending', async () => {
    const { clock, monitor, reports } = setUp();
    monitor.update(0);
    monitor.update(0);
    expect(clock.armed).toBe(1);
    monitor.update(undefined);
    expect(clock.armed).toBe(0);
    await clock.advance(10_000);
    expect(reports).toEqual([]);
  });
});
