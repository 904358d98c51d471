import { type Program, requireProgram } from '../programs.js';

const postgresFolders = ['/usr/lib/postgresql/*/bin'];
const systemFolders = ['/usr/sbin', '/usr/local/sbin'];

/** What the test servers are made of. */
const programs = {
  'redis-server': { debianPackage: 'redis-server' },
  'redis-cli': { debianPackage: 'redis-tools' },
  initdb: { debianPackage: 'postgresql', folders: postgresFolders },
  postgres: { debianPackage: 'postgresql', folders: postgresFolders },
  pgbouncer: { debianPackage: 'pgbouncer', folders: systemFolders },
  mariadbd: { debianPackage: 'mariadb-server', folders: systemFolders },
  'mariadb-install-db': { debianPackage: 'mariadb-server' },
  etcd: { debianPackage: 'etcd-server' },
  openssl: { debianPackage: 'openssl' },
} as const satisfies Record<string, Omit<Program, 'name'>>;

export type ServerProgramName = keyof typeof programs;

export const serverPrograms: readonly Program[] = Object.entries(programs).map(([name, program]) => ({
  name,
  ...program,
}));

/** The absolute path of a server's program; the first one that is missing has all of them installed. */
export function serverProgram(name: ServerProgramName): string {
  return requireProgram({ name, ...programs[name] }, serverPrograms);
}
