import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Measured } from '../figure.js';

/** Where and when something was measured. */
export interface Machine {
  /** The day, in UTC. */
  readonly date: string;
  readonly node: string;
  readonly cpu: string;
  /** Name to version, of the backends that took part. */
  readonly backends: Readonly<Record<string, string>>;
}

/** What is kept of a figure: bench/results/<figure>.json. */
export interface Result extends Required<Measured> {
  readonly figure: string;
  readonly title: string;
  readonly machine: Machine;
}

const folder = resolve(import.meta.dirname, '../results');

export function saveResult(result: Result): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, `${result.figure}.json`), `${JSON.stringify(result, rounded, 2)}\n`);
}

/** By name. */
export function savedResults(): readonly Result[] {
  mkdirSync(folder, { recursive: true });
  const names = readdirSync(folder).filter((name) => name.endsWith('.json'));
  return names.sort().map((name): Result => JSON.parse(readFileSync(join(folder, name), 'utf8')));
}

/** More digits than these mean nothing. */
function rounded(_: string, value: unknown): unknown {
  return typeof value === 'number' ? Number(value.toPrecision(4)) : value;
}
