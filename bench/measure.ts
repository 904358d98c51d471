import { Bench } from 'tinybench';

/** One side of a comparison: `run` is timed as a whole and does `OPERATIONS` operations. */
export interface Side {
  readonly name: string;
  /** Prepares what one timed run uses up; not timed. */
  readonly prepare?: () => void;
  readonly run: () => void;
}

/** The claim of a comparison: `subject` takes at most `maxRatio` times as long as `floor`. */
export interface Comparison {
  readonly title: string;
  readonly subject: Side;
  readonly floor: Side;
  readonly maxRatio: number;
}

/** How many operations one timed run does. */
export const OPERATIONS = 1_000;

const NANOSECONDS_PER_MS = 1_000_000;

/** Times both sides in turns within one process, and prints the medians and their ratio. */
export async function compare({ title, subject, floor, maxRatio }: Comparison): Promise<boolean> {
  const bench = new Bench({ time: 1_500, warmupTime: 300, retainSamples: false });
  for (const side of [floor, subject]) {
    bench.add(side.name, side.run, side.prepare === undefined ? {} : { beforeEach: side.prepare });
  }
  await bench.run();
  const [floorNs = Number.NaN, subjectNs = Number.NaN] = bench.tasks.map(({ result }) =>
    'latency' in result ? (result.latency.p50 * NANOSECONDS_PER_MS) / OPERATIONS : Number.NaN,
  );
  const ratio = subjectNs / floorNs;
  const holds = ratio <= maxRatio;
  console.log(
    `${title}\n  ${floor.name.padEnd(52)}${format(floorNs)}\n  ${subject.name.padEnd(52)}${format(subjectNs)}`,
  );
  console.log(`  ratio ${ratio.toFixed(ratio < 0.1 ? 4 : 2)}, allowed ${maxRatio}: ${holds ? 'holds' : 'MISSED'}\n`);
  return holds;
}

function format(nanoseconds: number): string {
  return `${nanoseconds.toFixed(nanoseconds < 100 ? 1 : 0).padStart(9)} ns`;
}
