import { execFileSync } from 'node:child_process';

/** A user of this machine under whom a server runs. */
export interface SystemUser {
  readonly uid: number;
  readonly gid: number;
}

/** The user that the package `postgresql` made, when we are root: its programs refuse to run as root. Else the present one. */
export function unprivilegedUser(): SystemUser | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const idOf = (option: string): number => Number(execFileSync('id', [option, 'postgres'], { encoding: 'utf8' }));
  return { uid: idOf('-u'), gid: idOf('-g') };
}
