import { readFile } from 'node:fs/promises';
import { AccountKeeperError, type ErrorCode } from '../../core/errors.js';
import { type Check, type ChecksOf, flag, readOptions } from '../../core/shared/option-checks.js';
import { badSecret, nonEmptyText } from './base-options.js';

/** The certificates that an encrypted connection trusts and shows; texts or buffers in PEM format. */
export interface TlsOptions {
  /** The authorities to trust. @default those that Node.js trusts */
  readonly ca?: string | Buffer;
  /** The client's own certificate, for servers that ask for one. */
  readonly cert?: string | Buffer;
  /** The key of the client's own certificate. */
  readonly key?: string | Buffer;
  /** The name that the server's certificate has to be for. @default the host that is connected to */
  readonly servername?: string;
  /** Whether the server has to prove who it is. `false`: anybody in between can be the server. @default true */
  readonly rejectUnauthorized?: boolean;
}

/** TLS, with the paths of files that are read when the driver connects. */
export interface TlsFiles extends TlsOptions {
  readonly files: {
    readonly ca?: string | undefined;
    readonly cert?: string | undefined;
    readonly key?: string | undefined;
  };
}

const pem: Check<string | Buffer> = (path, value) => {
  if (Buffer.isBuffer(value) || (typeof value === 'string' && value !== '')) return value;
  throw badSecret(path, 'a text or a buffer in PEM format');
};

const TLS_OPTIONS: ChecksOf<TlsOptions> = {
  ca: pem,
  cert: pem,
  key: pem,
  servername: nonEmptyText,
  rejectUnauthorized: flag,
};

/** Checks {@link TlsOptions}, and the switches that may stand in their place. */
export function tlsOrOneOf<Switch extends boolean>(switches: readonly Switch[]): Check<Switch | TlsOptions> {
  return (path, value) => {
    const given = switches.find((each) => each === value);
    if (given !== undefined) return given;
    if (typeof value === 'object' && value !== null) return readOptions(path, TLS_OPTIONS, value);
    throw badSecret(path, `${switches.join(', ')} or an object`);
  };
}

/** Adds the files of the options `tlsCa`, `tlsCert` and `tlsKey` to the given options. @throws `CONFIG` */
export async function readTlsFiles({ files, ...tls }: TlsFiles): Promise<TlsOptions> {
  const { ca, cert, key } = files;
  return {
    ...tls,
    ...(ca === undefined ? {} : { ca: await readPem('tlsCa', ca, 'CONFIG') }),
    ...(cert === undefined ? {} : { cert: await readPem('tlsCert', cert, 'CONFIG') }),
    ...(key === undefined ? {} : { key: await readPem('tlsKey', key, 'CONFIG') }),
  };
}

/** Reads a file in PEM format whose path an option gives. @throws an error with the code when it cannot be read */
export async function readPem(option: string, path: string, code: ErrorCode): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (cause) {
    const why = cause instanceof Error && 'code' in cause ? ` (${cause.code})` : '';
    const message = `${option}: expected a file, received ${JSON.stringify(path)}, which cannot be read${why}`;
    throw new AccountKeeperError(code, message, { retryable: false, cause });
  }
}
