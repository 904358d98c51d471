import { readFile } from 'node:fs/promises';
import { checkServerIdentity, type PeerCertificate } from 'node:tls';
import { AccountKeeperError } from '../core/errors.js';
import type { PostgresSslOptions } from './postgres-options.js';

/** What of the server's certificate is verified: nothing, who signed it, or also whose it is. */
export type TlsVerification = 'nothing' | 'chain' | 'name';

/** How connections are encrypted. */
export interface TlsSettings extends Omit<PostgresSslOptions, 'rejectUnauthorized'> {
  readonly verify: TlsVerification;
  /** Where `ca` is read from. */
  readonly caFile?: string;
}

/** The option `ssl` of the client. */
export interface PgSslConfig {
  readonly rejectUnauthorized: boolean;
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly servername?: string;
  readonly checkServerIdentity: (host: string, certificate: PeerCertificate) => Error | undefined;
}

/** What the option `ssl` means; `undefined`: no encryption. */
export function tlsFromOption(ssl: boolean | PostgresSslOptions | undefined): TlsSettings | undefined {
  if (ssl === undefined || ssl === false) return undefined;
  if (ssl === true) return { verify: 'name' };
  const { rejectUnauthorized = true, ...rest } = ssl;
  return { ...rest, verify: rejectUnauthorized ? 'name' : 'nothing' };
}

/**
 * Makes the client's option, from the file where there is one. Called at each connect, because the client hides the
 * key in what it is given.
 *
 * @throws `UNAVAILABLE` when the file cannot be read
 */
export async function loadTls(tls: TlsSettings | undefined): Promise<(() => PgSslConfig) | undefined> {
  if (tls === undefined) return undefined;
  const { verify, caFile, servername, ...given } = tls;
  const files = caFile === undefined ? {} : { ca: await readAuthorities(caFile) };
  return () => ({
    ...given,
    ...files,
    ...(servername === undefined ? {} : { servername }),
    rejectUnauthorized: verify !== 'nothing',
    checkServerIdentity: (host, certificate) =>
      verify === 'name' ? checkServerIdentity(servername ?? host, certificate) : undefined,
  });
}

async function readAuthorities(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    const message = `sslrootcert: received ${JSON.stringify(path)}, which cannot be read`;
    throw new AccountKeeperError('UNAVAILABLE', message, { retryable: false, cause });
  }
}
