import { execFileSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

/** A program that the tests run, and the Debian package that brings it. */
export interface Program {
  readonly name: string;
  readonly debianPackage: string;
  /** Where Debian keeps it when it is not on PATH. */
  readonly folders?: readonly string[];
}

/**
 * Finds a program on PATH or in its Debian folders; installs the Debian package when run as root without it.
 *
 * @returns its absolute path.
 * @throws one line that says what to install.
 */
export function requireProgram(program: Program): string {
  const found = findProgram(program) ?? installProgram(program);
  if (found !== undefined) return found;
  throw new Error(
    `${program.name} is needed: run "apt-get install ${program.debianPackage}" as root, or put it on PATH`,
  );
}

function findProgram({ name, folders = [] }: Program): string | undefined {
  const candidates = [...(process.env['PATH'] ?? '').split(delimiter), ...folders].map((folder) => join(folder, name));
  return candidates.find(isExecutable);
}

function installProgram(program: Program): string | undefined {
  if (process.getuid?.() !== 0 || findProgram({ name: 'apt-get', debianPackage: 'apt' }) === undefined)
    return undefined;
  const options = { env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }, stdio: 'ignore' } as const;
  try {
    execFileSync('apt-get', ['update', '-q'], options);
    execFileSync('apt-get', ['install', '-y', '-q', '--no-install-recommends', program.debianPackage], options);
  } catch {
    // The caller says what to install by hand.
    return undefined;
  }
  return findProgram(program);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
