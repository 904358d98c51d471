import { describe, expect, it } from 'vitest';
import { ClauseScope } from '../contract/clause-scope.js';
import type { ContractFaults } from '../contract/index.js';
import { memorySubject } from './subjects/memory-subject.js';

/** A backend that is stopped and started, or paused and resumed, with what it was told. */
class Backend {
  isUp = true;
  readonly told: string[] = [];
  readonly #failing: string[];
  /** What the next call waits for. */
  gate: Promise<void> = Promise.resolve();

  /** @param failing - the calls to reject, once each, after they have had their effect. */
  constructor(...failing: readonly string[]) {
    this.#failing = [...failing];
  }

  get faults(): ContractFaults {
    return {
      stop: () => this.#call('stop', false),
      start: () => this.#call('start', true),
      pause: () => this.#call('pause', false),
      resume: () => this.#call('resume', true),
    };
  }

  async #call(name: string, isUp: boolean): Promise<void> {
    this.told.push(name);
    await this.gate;
    const index = this.#failing.indexOf(name);
    if (index >= 0) this.#failing.splice(index, 1);
    if (index < 0 || !isUp) this.isUp = isUp;
    if (index >= 0) throw new Error(`${name} failed`);
  }
}

function scopeOn(backend: Backend): ClauseScope {
  const subject = { ...memorySubject('memory'), faults: backend.faults };
  const { capabilities } = subject.createDriver();
  return new ClauseScope({ subject, capabilities, clauseId: 'XX1', run: 'run', seed: 1, deadlineMs: 100 });
}

describe.each([
  ['whileStopped', 'stop', 'start'],
  ['whilePaused', 'pause', 'resume'],
] as const)('%s', (method, begin, end) => {
  it('ends the fault when the work fails', async () => {
    const backend = new Backend();
    const scope = scopeOn(backend);
    await expect(scope[method](() => Promise.reject(new Error('work')))).rejects.toThrow('work');
    expect(backend.isUp).toBe(true);
    await scope.end();
    expect(backend.told).toEqual([begin, end]);
  });

  it('ends the fault when its beginning fails, without the work', async () => {
    const backend = new Backend(begin);
    const scope = scopeOn(backend);
    const work = (): Promise<void> => expect.unreachable();
    await expect(scope[method](work)).rejects.toThrow(`${begin} failed`);
    expect(backend.isUp).toBe(true);
    await scope.end();
  });

  it('ends the fault at the end of the clause when that failed before', async () => {
    const backend = new Backend(end);
    const scope = scopeOn(backend);
    await expect(scope[method](() => Promise.resolve())).rejects.toThrow(`${end} failed`);
    expect(backend.isUp).toBe(false);
    await scope.end();
    expect(backend.isUp).toBe(true);
  });

  it('gives an end that fails at the end of the clause a second chance', async () => {
    const backend = new Backend(end, end);
    const scope = scopeOn(backend);
    await expect(scope[method](() => Promise.resolve())).rejects.toThrow(`${end} failed`);
    await scope.end();
    expect(backend.isUp).toBe(true);
  });

  it('ends the fault when the clause ends while it begins, and does not begin the work', async () => {
    const backend = new Backend();
    const scope = scopeOn(backend);
    let open = (): void => undefined;
    backend.gate = new Promise((resolve) => {
      open = resolve;
    });
    const late = expect(scope[method](() => expect.unreachable())).rejects.toThrow('ended');
    const ended = scope.end();
    open();
    await Promise.all([ended, late]);
    expect(backend.isUp).toBe(true);
    expect(backend.told).toEqual([begin, end]);
  });

  it('waits at the end of the clause for an end that has begun', async () => {
    const backend = new Backend();
    const scope = scopeOn(backend);
    let open = (): void => undefined;
    const work = scope[method](async () => {
      backend.gate = new Promise((resolve) => {
        open = resolve;
      });
    });
    await expect.poll(() => backend.told).toEqual([begin, end]);
    const ended = scope.end().then(() => expect(backend.isUp).toBe(true));
    open();
    await Promise.all([work, ended]);
    expect(backend.told).toEqual([begin, end]);
  });

  it('does nothing after the end of the clause', async () => {
    const backend = new Backend();
    const scope = scopeOn(backend);
    await scope.end();
    await expect(scope[method](() => expect.unreachable())).rejects.toThrow();
    expect(backend.told).toEqual([]);
  });
});
