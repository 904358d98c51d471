import { Random } from '../contract/random.js';

const FAULTS = ['killed', 'stopped', 'paused', 'refused', 'lost', 'answers-lost'] as const;

/**
 * How the backend goes away: its process is SIGKILLed, ended as an administrator would or SIGSTOPped, or the network
 * refuses connections, or loses all that is sent, or the answers alone, so that what was not acknowledged has landed.
 */
export type SpillFault = (typeof FAULTS)[number];

const SLOWDOWNS = [1, 1, 10, 40] as const;
const ENDS = ['close', 'close', 'signal', 'signal', 'exit'] as const;

/** One process that ends while the backend is away. */
export interface SessionPlan {
  /** It is told to close, or to exit without it, or gets SIGTERM. */
  readonly end: 'close' | 'exit' | 'signal';
  /** Of `close()` and `closeOnSignals`, in milliseconds. */
  readonly deadlineMs: number;
  /** How long, in milliseconds, it writes while the backend is away. */
  readonly writesMs: number;
}

/** One run: all that happens in it, by its seed. */
export interface RunPlan {
  readonly fault: SpillFault;
  /** How long, in milliseconds, the first process writes before; 0: the backend is away before its first change. */
  readonly before: number;
  readonly first: SessionPlan;
  /** Processes that are SIGKILLed so many milliseconds after they began to restore. */
  readonly killedRestores: readonly number[];
  /** How much longer each byte takes, in milliseconds, while restores are killed. */
  readonly delayMs: number;
  /** By how much less is written than asked for: with 1, nearly every record of a commit that hangs is written again. */
  readonly slowdown: number;
}

/** Draws a run. */
export function planRun(seed: number): RunPlan {
  const random = new Random(seed, 'spill');
  const killedRestores = (): number => (random.below(3) === 0 ? 1 + random.below(2) : 0);
  const session = (): SessionPlan => ({
    end: random.pick(ENDS),
    deadlineMs: 20 + random.below(200),
    writesMs: random.below(120),
  });
  return {
    fault: random.pick(FAULTS),
    before: random.below(4) === 0 ? 0 : random.below(120),
    first: session(),
    killedRestores: Array.from({ length: killedRestores() }, () => random.below(80)),
    delayMs: random.below(6),
    slowdown: random.pick(SLOWDOWNS),
  };
}
