import { AccountKeeperError } from '../../core/errors.js';
import { describeReceived } from '../../core/shared/option-checks.js';
import { HOST_AND_PORT } from '../base/url-options.js';

/** A server. */
export interface RedisAddress {
  readonly host: string;
  readonly port: number;
}

/** Who the driver is for servers of one kind. */
export interface RedisCredentials {
  readonly username?: string | undefined;
  readonly password?: string | undefined;
}

/** `host:port`, and what keys of maps are made of. */
export function addressText({ host, port }: RedisAddress): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}

/** A `host`, `host:port`, or `[IPv6 address]:port`. @throws `CONFIG` */
export function readAddress(name: string, text: unknown, defaultPort: number): RedisAddress {
  const [, bracketed, plain, digits] = (typeof text === 'string' ? HOST_AND_PORT.exec(text) : null) ?? [];
  const host = bracketed ?? plain;
  const port = digits === undefined ? defaultPort : Number(digits);
  if (host !== undefined && port >= 1 && port <= 65_535) return { host, port };
  // A text that is not a host and a port may hold a user or a password.
  const isShown = typeof text !== 'string' || /^[A-Za-z0-9._-]*(:\d{0,5})?$/.test(text);
  const received = isShown ? describeReceived(text) : 'a text that is neither a host nor host:port';
  throw new AccountKeeperError('CONFIG', `${name}: expected host:port, received ${received}`);
}
