import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';

const listenState = '0A';

/** Whether this very process listens on a port of the loopback interface, or on all interfaces. */
export function listensOn(pid: number, port: number): boolean {
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  // "number: local remote state queues timer retransmits user timeout inode …"
  const inodes = readFileSync(`/proc/${pid}/net/tcp`, 'latin1')
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter(([, local, , state]) => local?.endsWith(suffix) && state === listenState)
    .map((fields) => fields[9]);
  if (inodes.length === 0) return false;
  const sockets = new Set(inodes.map((inode) => `socket:[${inode}]`));
  return readdirSync(`/proc/${pid}/fd`).some((name) => sockets.has(targetOf(join(`/proc/${pid}/fd`, name))));
}

function targetOf(link: string): string {
  try {
    return readlinkSync(link);
  } catch {
    // It was closed in the meantime.
    return '';
  }
}
