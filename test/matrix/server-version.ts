import { execFileSync } from 'node:child_process';
import { type ServerProgramName, serverProgram } from '../support/servers/server-programs.js';

/** What a server's program says of its version. */
export function serverVersion(name: ServerProgramName): string {
  const text = execFileSync(serverProgram(name), ['--version'], { encoding: 'utf8' });
  return `${name} ${/\d+(?:\.\d+)+/.exec(text)?.[0] ?? text.trim()}`;
}
