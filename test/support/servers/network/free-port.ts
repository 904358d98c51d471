import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';

// Below the range from which systems take the ports of outgoing connections, so that none of those takes the port of a
// server that is stopped for a while.
const lowest = 10_000;
const highest = 32_000;

// Test files run side by side, and each stops servers of its own for a while: none may get a port of another one's.
const ranges = 16;
const portsEach = Math.floor((highest - lowest) / ranges);

// Those that were tried, noted before the trial: of two that ask at once for one port, the second looks for another.
const tried = new Set<number>();

/** Which of the ranges a process takes its ports from: workers of one run, and runs side by side, have different ones. */
export function rangeOf(
  worker: string | undefined,
  { pid, ppid }: { readonly pid: number; readonly ppid: number },
): number {
  return (worker === undefined ? pid : ppid + Number(worker)) % ranges;
}

/** A port of 127.0.0.1 on which nobody listens, and that was not given before. */
export async function freePort(): Promise<number> {
  const range = rangeOf(process.env['VITEST_POOL_ID'], process);
  while (tried.size < portsEach) {
    const port = lowest + randomInt(portsEach) * ranges + range;
    if (tried.has(port)) continue;
    tried.add(port);
    if (await canListen(port)) return port;
  }
  throw new Error(`This process has tried all its ${portsEach} ports`);
}

function canListen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => server.close(() => resolve(true)));
  });
}
