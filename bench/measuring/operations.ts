import { interleave, type Side } from './interleave.js';

/** Two synchronous operations that are compared. */
export interface Comparison {
  /** How many operations one timed run does. */
  readonly operations: number;
  /** Prepares what one timed run uses up; not timed. */
  readonly prepare?: () => void;
  readonly subject: (index: number) => unknown;
  readonly floor: (index: number) => unknown;
}

const NANOSECONDS_PER_MS = 1_000_000;
const ROUNDS = 200;
const QUICK_ROUNDS = 20;

let kept: unknown;

/** The medians of both sides for one operation. */
export async function perOperation(
  { operations, prepare, subject, floor }: Comparison,
  quick: boolean,
): Promise<{ readonly subjectNs: number; readonly floorNs: number }> {
  const sideOf = (operation: (index: number) => unknown): Side => ({
    ...(prepare && { prepare }),
    run: () => {
      for (let index = 0; index < operations; index += 1) kept = operation(index);
    },
  });
  const costs = await interleave({ floor: sideOf(floor), subject: sideOf(subject) }, quick ? QUICK_ROUNDS : ROUNDS);
  if (kept === undefined) throw new Error('an operation returned nothing, and may have been optimised away');
  const perOne = ({ wallMs }: { readonly wallMs: number }): number => (wallMs * NANOSECONDS_PER_MS) / operations;
  return { subjectNs: perOne(costs.subject), floorNs: perOne(costs.floor) };
}
