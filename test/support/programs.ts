import { execFileSync } from 'node:child_process';
import { accessSync, constants, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';

/** A program that the tests run, and the Debian package that brings it. */
export interface Program {
  readonly name: string;
  readonly debianPackage: string;
  /** Where Debian keeps it when it is not on PATH. One `*` in place of a folder's name stands for the newest version there. */
  readonly folders?: readonly string[];
}

/**
 * Finds a program on PATH or in its Debian folders; installs the Debian package when run as root without it.
 *
 * @param companions - what to install in the same step, because it will be needed too
 * @returns its absolute path.
 * @throws one line that says what to install.
 */
export function requireProgram(program: Program, companions: readonly Program[] = []): string {
  const found = findProgram(program);
  if (found !== undefined) return found;
  installMissing([program, ...companions]);
  const installed = findProgram(program);
  if (installed !== undefined) return installed;
  throw new Error(missingProgram(program));
}

/** Makes sure that all of these are there, as {@link requireProgram} does. Throws one line for each that is not. */
export function requirePrograms(programs: readonly Program[]): void {
  installMissing(programs);
  const lines = programs.filter((program) => findProgram(program) === undefined).map(missingProgram);
  if (lines.length > 0) throw new Error([...new Set(lines)].join('\n'));
}

/** The program's absolute path, or undefined where it is not installed. */
export function findProgram({ name, folders = [] }: Program): string | undefined {
  const onPath = (process.env['PATH'] ?? '').split(delimiter);
  return [...onPath, ...folders.flatMap(expand)].map((folder) => join(folder, name)).find(isExecutable);
}

function missingProgram({ name, debianPackage }: Program): string {
  return `${name} is needed: run "apt-get install ${debianPackage}" as root, or put it on PATH`;
}

/** A folder with a `*` in it becomes one folder per version, the newest first. */
function expand(folder: string): readonly string[] {
  const [parent, rest] = folder.split('/*');
  if (parent === undefined || rest === undefined) return [folder];
  const byVersion = new Intl.Collator('en', { numeric: true });
  return versionsIn(parent)
    .sort((a, b) => byVersion.compare(b, a))
    .map((version) => join(parent, version, rest));
}

function versionsIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    // The package is not installed.
    return [];
  }
}

/**
 * Debian starts a server when its package is installed, unless a policy forbids it: ours does, for as long as the
 * installation takes, and only where the machine has none of its own.
 */
const installScript = `
set -e
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
  trap 'rm -f "$policy"' EXIT
  trap 'exit 1' HUP INT TERM
  printf '#!/bin/sh\\nexit 101\\n' > "$policy"
  chmod 755 "$policy"
fi
apt-get update -q
apt-get install -y -q --no-install-recommends "$@"
`;

function installMissing(programs: readonly Program[]): void {
  const packages = packagesOf(programs);
  if (packages.length === 0 || !canInstall()) return;
  if (!install(packages)) {
    // One package that this release does not have must not keep the others away.
    for (const name of packagesOf(programs)) install([name]);
  }
}

function packagesOf(programs: readonly Program[]): readonly string[] {
  const missing = programs.filter((program) => findProgram(program) === undefined);
  return [...new Set(missing.map(({ debianPackage }) => debianPackage))];
}

function canInstall(): boolean {
  return process.getuid?.() === 0 && findProgram({ name: 'apt-get', debianPackage: 'apt' }) !== undefined;
}

/** Under a lock, since several test files may miss the same program at once. */
function install(packages: readonly string[]): boolean {
  const lock = join(tmpdir(), 'accountkeeper-apt-get.lock');
  try {
    execFileSync('flock', [lock, 'sh', '-c', installScript, 'sh', ...packages], {
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
      stdio: 'ignore',
    });
    return true;
  } catch {
    // The caller says what to install by hand.
    return false;
  }
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
