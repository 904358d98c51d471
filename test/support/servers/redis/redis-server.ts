import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { poll } from '../poll.js';
import { type Place, PrivateServer, type ServerKind } from '../private-server.js';
import { makeSelfSigned, type SelfSigned, selfSignedFiles } from '../self-signed.js';
import { serverProgram } from '../server-programs.js';
import type { TestServer } from '../test-server.js';
import { parseInfo, type RedisAddress, redisCli, redisCliLines } from './redis-cli.js';

export interface RedisOptions {
  /** Of the default user, who has none without it. */
  readonly password?: string;
  /** Further users, in the words of ACL SETUSER: `'reader on >secret ~* +@read'`. */
  readonly users?: readonly string[];
  /** Further lines of the configuration file: `'maxmemory 2mb'`. */
  readonly config?: readonly string[];
  /** When the append-only file is made durable; with `off` there is none, and a stop loses the data. @default 'always' */
  readonly appendfsync?: 'always' | 'everysec' | 'no' | 'off';
  /** Serves TLS alone, with a certificate that {@link RedisTestServer.tlsCa} vouches for. */
  readonly tls?: boolean;
  /** The start waits until the first synchronisation is through. */
  readonly replicaOf?: { readonly host: string; readonly port: number; readonly password?: string };
  /** @default a free one */
  readonly port?: number;
}

export interface RedisTestServer extends TestServer {
  /** Undefined while it does not run. */
  readonly pid: number | undefined;
  /** Where its files are. */
  readonly folder: string;
  /** The authority to trust, in PEM format; empty without TLS. */
  readonly tlsCa: string;
  /** The file that holds `tlsCa`; empty without TLS. */
  readonly tlsCaFile: string;
  /** Runs one command as the default user; an array's elements come one a line. Rejects on an error reply. */
  cli(...args: readonly string[]): Promise<string>;
  /** Runs several commands over one connection, for instance a write and its WAIT. The replies come one a line, errors among them. */
  cliLines(...lines: readonly string[]): Promise<string>;
  /** One section of INFO. */
  info(section: string): Promise<ReadonlyMap<string, string>>;
}

/** Starts a Redis server in a folder of its own, by default one that loses nothing. */
export async function startRedis(options: RedisOptions = {}): Promise<RedisTestServer> {
  const server = await new RedisServer(options).create();
  if (options.replicaOf === undefined) return server;
  try {
    await poll('the first synchronisation of a replica', async () => {
      return (await server.info('replication')).get('master_link_status') === 'up' || undefined;
    });
    return server;
  } catch (error) {
    await server.dispose();
    throw error;
  }
}

class RedisServer extends PrivateServer implements RedisTestServer {
  readonly #password: string | undefined;
  readonly tlsCaFile: string;

  constructor(options: RedisOptions) {
    super(redisKind(options), options.port);
    this.#password = options.password;
    this.tlsCaFile = options.tls === true ? makeSelfSigned(this.folder).certificateFile : '';
  }

  get tlsCa(): string {
    return this.tlsCaFile === '' ? '' : readFileSync(this.tlsCaFile, 'utf8');
  }

  cli(...args: readonly string[]): Promise<string> {
    return redisCli(addressOf(this.place, this.#password, this.tlsCaFile !== ''), args);
  }

  cliLines(...lines: readonly string[]): Promise<string> {
    return redisCliLines(addressOf(this.place, this.#password, this.tlsCaFile !== ''), lines);
  }

  async info(section: string): Promise<ReadonlyMap<string, string>> {
    return parseInfo(await this.cli('INFO', section));
  }
}

function redisKind(options: RedisOptions): ServerKind {
  const { password, tls = false } = options;
  return {
    name: 'redis',
    stopSignal: 'SIGTERM',
    url: ({ host, port }) => {
      const credentials = password === undefined ? '' : `:${encodeURIComponent(password)}@`;
      return `${tls ? 'rediss' : 'redis'}://${credentials}${host}:${port}`;
    },
    // Redis itself rewrites this file, for instance in a failover: it is not written again at a later start.
    prepare: (place) =>
      writeFileSync(configFile(place), `${configuration(place, options).join('\n')}\n`, { mode: 0o600 }),
    command: (place) => [serverProgram('redis-server'), configFile(place)],
    answers: async (place) => {
      const address = addressOf(place, password, tls);
      // A default user who may not even ping is answered all the same.
      const reply = await redisCli(address, ['PING']).catch((error: Error) => error.message);
      return reply === 'PONG' || /NOAUTH|NOPERM/.test(reply);
    },
  };
}

function configuration({ host, port, folder }: Place, options: RedisOptions): readonly string[] {
  const { appendfsync = 'always', password, replicaOf, users = [], config = [] } = options;
  return [
    `bind ${host}`,
    `dir ${quoted(folder)}`,
    'daemonize no',
    'save ""',
    'repl-diskless-sync-delay 0',
    'shutdown-timeout 1',
    ...portLines(port, options.tls === true ? selfSignedFiles(folder) : undefined),
    ...(appendfsync === 'off' ? ['appendonly no'] : ['appendonly yes', `appendfsync ${appendfsync}`]),
    ...(password === undefined ? [] : [`requirepass ${quoted(password)}`, `masterauth ${quoted(password)}`]),
    ...(replicaOf === undefined ? [] : [`replicaof ${replicaOf.host} ${replicaOf.port}`]),
    ...(replicaOf?.password === undefined ? [] : [`masterauth ${quoted(replicaOf.password)}`]),
    ...users.map((line) => (line.startsWith('user ') ? line : `user ${line}`)),
    ...config,
  ];
}

function portLines(port: number, tls: SelfSigned | undefined): readonly string[] {
  if (tls === undefined) return [`port ${port}`];
  const { certificateFile, keyFile } = tls;
  return [
    'port 0',
    `tls-port ${port}`,
    `tls-cert-file ${quoted(certificateFile)}`,
    `tls-key-file ${quoted(keyFile)}`,
    `tls-ca-cert-file ${quoted(certificateFile)}`,
    'tls-auth-clients no',
  ];
}

function addressOf({ host, port, folder }: Place, password: string | undefined, tls: boolean): RedisAddress {
  return { host, port, password, tlsCaFile: tls ? selfSignedFiles(folder).certificateFile : undefined };
}

function configFile({ folder }: Place): string {
  return join(folder, 'redis.conf');
}

function quoted(text: string): string {
  return `"${text.replace(/["\\]/g, '\\$&')}"`;
}
