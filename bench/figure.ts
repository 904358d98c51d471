import type { BenchBackend } from './backends/backend.js';
import type { Version } from './versions.js';

/** What is measured beside each other for one claim. `npm run bench -- <name>` runs it by its name. */
export interface Figure {
  readonly name: string;
  readonly title: string;
  run(bench: Bench): Promise<Measured>;
}

/** What a figure measures with. */
export interface Bench {
  /** This version first, then the one to compare with, if one was named. */
  readonly versions: readonly [Version, ...Version[]];
  /** A short run, whose numbers are worth less. */
  readonly quick: boolean;
  /** Each is started when it is first asked for. */
  backends(): Promise<readonly BenchBackend[]>;
  /** Says what is going on. */
  progress(line: string): void;
}

/** What a figure has found. */
export interface Measured {
  readonly rows: readonly Row[];
  /** What a reader has to know besides. */
  readonly notes?: readonly string[];
}

/** What is asked of a value. */
export type Asked = { readonly atMost: number } | { readonly atLeast: number };

/** `ratio` is that of the first side to the second one. */
export type Unit = 'ratio' | 'per second' | 's' | 'ms' | 'µs' | 'ns' | 'bytes' | 'MB' | 'count';

/** The median of one side. */
export interface SideMedian {
  readonly side: string;
  readonly median: number;
}

/** One value, and the medians that it was made of. */
export interface Row {
  /** What several rows are about, such as `SQLite: changes, wall / lean floor, K ≥ 10`. */
  readonly claim: string;
  /** Tells the rows of a claim apart, such as `K = 10`; `''` where there is one. */
  readonly at: string;
  readonly value: number;
  readonly unit: Unit;
  /** None: the value is for information. */
  readonly asked?: Asked;
  readonly sides?: readonly SideMedian[];
  readonly sidesUnit?: Unit;
}

/** A row that divides the first side by the second. */
export function ratioRow(row: Omit<Row, 'value' | 'unit' | 'sides'> & RatioSides): Row {
  const [subject, floor] = row.sides;
  return { ...row, unit: 'ratio', value: subject.median / floor.median };
}

interface RatioSides {
  readonly sides: readonly [subject: SideMedian, floor: SideMedian];
  readonly sidesUnit: Unit;
}

/** Whether the value is what was asked; `undefined` when nothing was. */
export function holds({ value, asked }: Row): boolean | undefined {
  if (asked === undefined) return undefined;
  return 'atMost' in asked ? value <= asked.atMost : value >= asked.atLeast;
}
