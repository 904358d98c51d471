import { readFileSync } from 'node:fs';
import type { ContractSubject } from '../contract/index.js';

/** A subject with its server, if it has one, ready to be tested. */
export interface StartedSubject {
  readonly subject: ContractSubject;
  /** What was tested, such as `redis-server 7.0.15`. */
  readonly versions: readonly string[];
  /** Where the backend is too slow for the suite's own limit. */
  readonly clauseTimeoutMs?: number;
  dispose(): Promise<void>;
}

/** A column of the matrix. */
export interface MatrixSubject {
  readonly name: string;
  start(): Promise<StartedSubject>;
}

/** Node.js options of a second process whose module is in TypeScript. */
export const TSX: readonly string[] = ['--import', 'tsx'];

/** The installed versions of packages. */
export function packageVersions(...names: readonly string[]): readonly string[] {
  return names.map((name) => {
    const file = new URL(`../../node_modules/${name}/package.json`, import.meta.url);
    const { version } = JSON.parse(readFileSync(file, 'utf8')) as { readonly version: string };
    return `${name} ${version}`;
  });
}

/** A module of test/contract-suite/fixtures for a second process, with what it needs to know in its query. */
export function fixture(name: string, parameters: Readonly<Record<string, string>> = {}): URL {
  const url = new URL(`../contract-suite/fixtures/${name}-module.ts`, import.meta.url);
  for (const [key, value] of Object.entries(parameters)) url.searchParams.set(key, value);
  return url;
}
