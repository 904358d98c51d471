import { inspect } from 'node:util';
import { type Backend, type BackendName, startBackend } from './backends.js';

/** Takes note of something that is wrong. */
export type Find = (what: string) => void;

/** What a run is made with. */
export interface RunParts<Option extends string> {
  readonly backend: Backend;
  /** What its options were set to. */
  readonly options: Readonly<Record<Option, number>>;
  /** What is drawn at random depends on it alone. */
  readonly seed: number;
  /** The file that a run under load records its ages of the oldest pending change in, if any. */
  readonly series?: string | undefined;
  /** Says what is done, and what has been done so far. */
  print(line: string): void;
  readonly find: Find;
}

/** How often each thing has happened in a run. */
export type Counts = Readonly<Record<string, number>>;

/** A plan, a fault and a check: what is done to a backend, and what must hold then. */
export interface Run<Option extends string = string> {
  readonly name: string;
  /** The backends that it can be made on. */
  readonly drivers: readonly BackendName[];
  /** @default all of them */
  readonly defaultDriver?: BackendName;
  /** Further lines of the configuration file of the backend's servers. */
  readonly config?: readonly string[];
  /** Integers that a command line can set, with their defaults; how often comes first. */
  readonly options: Readonly<Record<Option, number>>;
  /** Does it all. An error counts as a finding. */
  make(parts: RunParts<Option>): Promise<Counts>;
}

/** Where a run is made, how, and who hears of it. */
export interface RunSettings extends Omit<RunParts<string>, 'backend' | 'find'> {
  readonly driver: BackendName;
  /** Hears of each finding at once. */
  complain(line: string): void;
}

/** What a run has shown. */
export interface RunResult {
  readonly counts: Counts;
  /** What is wrong; empty when everything held. */
  readonly findings: readonly string[];
}

/** Makes a run on a backend that is started for it. */
export async function makeRun(run: Run, { driver, complain, ...settings }: RunSettings): Promise<RunResult> {
  const findings: string[] = [];
  const find: Find = (what) => {
    findings.push(what);
    complain(what);
  };
  const backend = await startBackend(driver, run.config);
  try {
    return { counts: await run.make({ ...settings, backend, find }), findings };
  } catch (error) {
    find(inspect(error));
    return { counts: {}, findings };
  } finally {
    await backend.dispose();
  }
}
