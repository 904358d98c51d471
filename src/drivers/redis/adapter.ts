import { AccountKeeperError } from '../../core/errors.js';
import type { RedisTlsOptions } from './options.js';

/** The methods that the driver uses of a client of `@redis/client`, a dependency of `@keyv/redis`. */
export interface RedisClient {
  readonly isReady: boolean;
  connect(): Promise<unknown>;
  sendCommand(command: readonly string[], options?: RedisSendOptions): Promise<unknown>;
  on(event: 'error', listener: (error: unknown) => void): unknown;
}

/** The JavaScript type for each kind of value in a reply. A byte stands for the kind in the protocol. */
export interface RedisSendOptions {
  readonly typeMapping: { readonly [kind: number]: BufferConstructor };
}

/** Where and how a client connects. */
export interface RedisClientOptions {
  readonly socket: RedisTlsOptions & {
    readonly host: string;
    readonly port: number;
    readonly connectTimeout: number;
    readonly reconnectStrategy: false;
    /** Ends the socket, in whatever state it is. */
    readonly signal: AbortSignal;
    readonly tls?: true;
  };
  readonly username?: string;
  readonly password?: string;
  readonly database?: number;
  readonly disableOfflineQueue: true;
  readonly disableClientInfo: true;
  readonly maintNotifications: 'disabled';
}

/** The members that the driver uses of an instance of `KeyvRedis`. */
export interface RedisAdapter {
  readonly client: RedisClient;
  on(event: 'error', listener: (error: unknown) => void): unknown;
}

/** The exports that the driver uses of the package `@keyv/redis`. */
export interface RedisAdapterModule {
  readonly default: new (client: RedisClient) => RedisAdapter;
  createClient(options: RedisClientOptions): RedisClient;
}

/** Imports `@keyv/redis`. */
export type RedisAdapterImporter = () => Promise<RedisAdapterModule>;

const INSTALL = 'npm install keyv@^5.6.0 @keyv/redis@^5.1.6';

/** The importer of the installed package. */
export const importKeyvRedis: RedisAdapterImporter = () =>
  // Its own types want one of its own clients, which those that it makes are.
  import('@keyv/redis') as Promise<unknown> as Promise<RedisAdapterModule>;

/** @throws `NOT_INSTALLED` with the command that installs it */
export async function loadRedisAdapter(importer: RedisAdapterImporter): Promise<RedisAdapterModule> {
  try {
    const module = await importer();
    if (typeof module.default !== 'function' || typeof module.createClient !== 'function') {
      throw new TypeError('@keyv/redis has no default export, or no export createClient');
    }
    return module;
  } catch (cause) {
    throw new AccountKeeperError(
      'NOT_INSTALLED',
      `the Redis driver needs a package that could not be imported. To install it: ${INSTALL}`,
      { cause },
    );
  }
}
