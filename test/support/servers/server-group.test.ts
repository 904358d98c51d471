import { describe, expect, it } from 'vitest';
import { ServerGroup } from './server-group.js';

const calls = ['start', 'stop', 'kill', 'pause', 'resume', 'dispose'] as const;

class Member {
  readonly done: string[] = [];
  readonly pid: number | undefined;
  readonly #failing: boolean;

  constructor(pid: number | undefined, failing = false) {
    this.pid = pid;
    this.#failing = failing;
  }

  start = (): Promise<void> => this.#do('start');
  stop = (): Promise<void> => this.#do('stop');
  kill = (): Promise<void> => this.#do('kill');
  pause = (): Promise<void> => this.#do('pause');
  resume = (): Promise<void> => this.#do('resume');
  dispose = (): Promise<void> => this.#do('dispose');

  async #do(what: string): Promise<void> {
    await Promise.resolve();
    if (this.#failing) throw new Error(what);
    await new Promise(setImmediate);
    this.done.push(what);
  }
}

describe('a group of servers', () => {
  it.each(calls)('does %s with all others when one fails, and rejects afterwards', async (call) => {
    const pid = call === 'start' ? undefined : 1;
    const members = [new Member(pid), new Member(pid, true), new Member(pid)];
    await expect(new ServerGroup(members)[call]()).rejects.toThrow(call);
    expect(members.map(({ done }) => done)).toEqual([[call], [], [call]]);
  });

  it('starts only those that do not run', async () => {
    const members = [new Member(1), new Member(undefined)];
    await new ServerGroup(members).start();
    expect(members.map(({ done }) => done)).toEqual([[], ['start']]);
  });
});
