import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { serverProgram } from '../server-programs.js';

export interface RedisAddress {
  readonly host: string;
  readonly port: number;
  readonly password?: string | undefined;
  /** The file of the authority to trust; without it, no TLS. */
  readonly tlsCaFile?: string | undefined;
}

export interface RedisCliLimits {
  /** In ms, until it rejects. @default 5000 */
  readonly timeoutMs?: number;
}

/** Runs one command over a connection of its own; the elements of an array come one a line. Rejects on an error reply. */
export function redisCli(
  address: RedisAddress,
  args: readonly string[],
  { timeoutMs = 5_000 }: RedisCliLimits = {},
): Promise<string> {
  return run(address, args, '', timeoutMs);
}

/** Runs several commands, written as in redis-cli, one after the other over one connection. The replies come one a line, errors among them. */
export function redisCliLines(address: RedisAddress, lines: readonly string[]): Promise<string> {
  return run(address, [], `${lines.join('\n')}\n`, 5_000);
}

async function run(
  { host, port, password, tlsCaFile }: RedisAddress,
  args: readonly string[],
  input: string,
  timeout: number,
): Promise<string> {
  const tls = tlsCaFile === undefined ? [] : ['--tls', '--cacert', tlsCaFile];
  const env = { ...process.env, ...(password === undefined ? {} : { REDISCLI_AUTH: password }) };
  const options = [...(args.length > 0 ? ['-e'] : []), '--raw', '-h', host, '-p', String(port), ...tls];
  try {
    const running = promisify(execFile)(serverProgram('redis-cli'), [...options, ...args], { env, timeout });
    // It may have ended before it read anything; its exit code says so.
    running.child.stdin?.on('error', () => undefined);
    if (input !== '') running.child.stdin?.write(input);
    running.child.stdin?.end();
    return (await running).stdout.replace(/\n$/, '');
  } catch (error) {
    const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string };
    const what = args[0] ?? 'lines';
    throw new Error(`redis-cli ${what} at ${host}:${port}: ${stdout}${stderr}`.trim(), { cause: error });
  }
}

/** The `name:value` lines of INFO and CLUSTER INFO. */
export function parseInfo(text: string): ReadonlyMap<string, string> {
  const lines = text.split(/\r?\n/).filter((line) => line.includes(':'));
  return new Map(lines.map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1)]));
}
