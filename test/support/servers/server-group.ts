import type { TestServer } from './test-server.js';

type Life = Pick<TestServer, 'start' | 'stop' | 'kill' | 'pause' | 'resume' | 'dispose'> & {
  readonly pid: number | undefined;
};

/**
 * Servers that are started and ended together. What one of them does not need, because it is so already, is left out.
 * One that fails keeps no other one from it: each method rejects, with the first failure, when all have settled.
 */
export class ServerGroup {
  readonly #members: readonly Life[];

  constructor(members: readonly Life[]) {
    this.#members = members;
  }

  async start(): Promise<void> {
    const ended = this.#members.filter(({ pid }) => pid === undefined);
    await all(ended.map((member) => member.start()));
  }

  async stop(): Promise<void> {
    await all(this.#members.map((member) => member.stop()));
  }

  async kill(): Promise<void> {
    await all(this.#members.map((member) => member.kill()));
  }

  async pause(): Promise<void> {
    await all(this.#running().map((member) => member.pause()));
  }

  async resume(): Promise<void> {
    await all(this.#running().map((member) => member.resume()));
  }

  async dispose(): Promise<void> {
    await all(this.#members.map((member) => member.dispose()));
  }

  #running(): readonly Life[] {
    return this.#members.filter(({ pid }) => pid !== undefined);
  }
}

/** All of these, or, when one of them cannot be started, none. */
export async function startTogether<T extends Life>(starts: readonly Promise<T>[]): Promise<readonly T[]> {
  const outcomes = await Promise.allSettled(starts);
  const started = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []));
  const failure = outcomes.find((outcome) => outcome.status === 'rejected');
  if (failure === undefined) return started;
  await new ServerGroup(started).dispose();
  throw failure.reason;
}

async function all(works: readonly Promise<void>[]): Promise<void> {
  const outcomes = await Promise.allSettled(works);
  const failure = outcomes.find((outcome) => outcome.status === 'rejected');
  if (failure !== undefined) throw failure.reason;
}
