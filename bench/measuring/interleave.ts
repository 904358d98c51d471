import { readFileSync } from 'node:fs';
import { median } from './statistics.js';

/** One of the sides that are compared. */
export interface Side {
  /** Prepares what one run uses up; not measured. */
  readonly prepare?: (round: number) => unknown;
  readonly run: (round: number) => unknown;
}

/** The medians of one side's runs. */
export interface Costs {
  readonly wallMs: number;
  /** Of this process with all of its threads, those of SQLite included. */
  readonly cpuMs: number;
  /** What this process handed to the system to write, to files and sockets. */
  readonly writtenBytes: number;
}

/** How often each side runs: first not to be counted, then to be measured. */
export interface Rounds {
  readonly warmUp: number;
  readonly measured: number;
}

/** The costs of each side, by its name. */
export type CostsOf<Sides> = { readonly [Name in keyof Sides]: Costs };

/**
 * Runs the sides in turns (A B C, B C A, …), so that whatever else happens on the machine happens to all of them.
 * The first rounds, a fifth where nothing else is said, are not counted.
 */
export async function interleave<Sides extends Readonly<Record<string, Side>>>(
  sides: Sides,
  rounds: number | Rounds,
): Promise<CostsOf<Sides>> {
  const { warmUp, measured } = typeof rounds === 'number' ? { warmUp: rounds / 5, measured: rounds } : rounds;
  const samples = Object.entries(sides).map(([name, side]) => ({ name, side, costs: [] as Costs[] }));
  for (let round = 0; round < warmUp + measured; round += 1) {
    for (let turn = 0; turn < samples.length; turn += 1) {
      const sample = samples[(round + turn) % samples.length];
      if (sample === undefined) continue;
      await sample.side.prepare?.(round);
      const costs = await costsOf(() => sample.side.run(round));
      if (round >= warmUp) sample.costs.push(costs);
    }
  }
  const entries = samples.map(({ name, costs }) => [name, mediansOf(costs)] as const);
  return Object.fromEntries(entries) as CostsOf<Sides>;
}

async function costsOf(run: () => unknown): Promise<Costs> {
  const bytes = writtenBytes();
  const cpu = process.cpuUsage();
  const from = performance.now();
  await run();
  const wallMs = performance.now() - from;
  const { user, system } = process.cpuUsage(cpu);
  return { wallMs, cpuMs: (user + system) / 1000, writtenBytes: writtenBytes() - bytes };
}

function mediansOf(costs: readonly Costs[]): Costs {
  return {
    wallMs: median(costs.map(({ wallMs }) => wallMs)),
    cpuMs: median(costs.map(({ cpuMs }) => cpuMs)),
    writtenBytes: median(costs.map((cost) => cost.writtenBytes)),
  };
}

/** Linux alone counts them; 0 elsewhere. */
function writtenBytes(): number {
  try {
    return Number(/^wchar: (\d+)$/m.exec(readFileSync('/proc/self/io', 'utf8'))?.[1] ?? 0);
  } catch {
    return 0;
  }
}
