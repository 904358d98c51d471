import { hostname } from 'node:os';
import { basename } from 'node:path';

/** The process that owns an account, as its head names it. */
export interface OwnerProcess {
  readonly host: string;
  readonly pid: number;
  /** The name of its main file; `node` where there is none. */
  readonly program: string;
  /** When it started, in milliseconds since the Unix epoch, by its own clock. */
  readonly startedAtMs: number;
}

/** A head is small, and not all backends take long ones. */
const LONGEST_NAME = 64;

let ownProcess: OwnerProcess | undefined;

/** This process. */
export function thisProcess(): OwnerProcess {
  ownProcess ??= {
    host: hostname().slice(0, LONGEST_NAME),
    pid: process.pid,
    program: basename(process.argv[1] ?? 'node').slice(0, LONGEST_NAME),
    startedAtMs: Math.round(performance.timeOrigin),
  };
  return ownProcess;
}

/** `undefined` for what was written by an earlier version, or by somebody else. */
export function ownerProcessOf(value: unknown): OwnerProcess | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { host, pid, program, startedAtMs } = value as Partial<OwnerProcess>;
  const isOne =
    typeof host === 'string' &&
    typeof pid === 'number' &&
    typeof program === 'string' &&
    typeof startedAtMs === 'number';
  return isOne ? { host, pid, program, startedAtMs } : undefined;
}
