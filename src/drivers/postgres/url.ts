import { AccountKeeperError } from '../../core/errors.js';
import { type ChecksOf, oneOf, readOptions } from '../../core/shared/option-checks.js';
import { nonEmptyText, secretText } from '../base/base-options.js';
import type { TlsOptions } from '../base/tls-options.js';
import {
  badUrl,
  decodedPart,
  givenTwice,
  mergeOptions,
  optionsFromQuery,
  parseServerUrl,
} from '../base/url-options.js';
import { POSTGRES_PARTS, type PostgresParts } from './options.js';

/** The modes of libpq that say what they do. */
const SSL_MODES = ['disable', 'require', 'verify-ca', 'verify-full'] as const;

/** The options that the query of a URL can contain. */
interface UrlParameters extends PostgresParts {
  /**
   * `disable`: not encrypted. `require`: encrypted, and nothing verified, unless there is an `sslrootcert`: then as
   * `verify-ca`. `verify-ca`: signed by an authority that is trusted. `verify-full`: and for this host.
   */
  readonly sslmode?: (typeof SSL_MODES)[number];
  /** A file with the authorities to trust; `system`: those of Node.js. */
  readonly sslrootcert?: string;
}

const URL_OPTIONS: ChecksOf<UrlParameters> = {
  ...POSTGRES_PARTS,
  sslmode: oneOf(SSL_MODES),
  sslrootcert: nonEmptyText,
};

/** How connections are encrypted. */
export interface TlsSettings extends Omit<TlsOptions, 'rejectUnauthorized'> {
  /** How the server's certificate is verified: not at all, who signed it, or also whose it is. */
  readonly verify: 'nothing' | 'chain' | 'name';
  /** Where `ca` is read from. */
  readonly caFile?: string;
}

/** All options, with those of the URL among them. */
export interface PostgresSettings extends Omit<PostgresParts, 'ssl'> {
  readonly tls: TlsSettings | undefined;
}

/** The options, each checked, and those of the URL merged in. @throws `CONFIG` */
export function readPostgresOptions(given: object): PostgresSettings {
  const { url, ...beside } = readOptions('', { ...POSTGRES_PARTS, url: secretText }, given);
  const inUrl = url === undefined ? {} : optionsOfUrl(url);
  const { ssl, sslmode, sslrootcert, ...read } = readOptions('', URL_OPTIONS, mergeOptions(inUrl, beside));
  if (ssl !== undefined && sslmode !== undefined) throw givenTwice('ssl, sslmode');
  if (sslrootcert !== undefined && (sslmode === undefined || sslmode === 'disable')) {
    throw new AccountKeeperError('CONFIG', 'sslrootcert: expected together with an sslmode that encrypts');
  }
  return { ...read, tls: sslmode === undefined ? tlsFromOption(ssl) : tlsFromMode(sslmode, sslrootcert) };
}

const URL_SHAPE =
  'postgres://user:password@host:port/database with one host, and what is special in user and password in percent ' +
  'sequences';

function optionsOfUrl(url: string): Readonly<Record<string, unknown>> {
  const { scheme, username, password, hosts, path, query } = parseServerUrl(url, URL_SHAPE);
  const address = /^(?:\[(.*)\]|([^:,]*))(?::(\d{0,5}))?$/.exec(hosts);
  if (address === null || !/^postgres(?:ql)?$/.test(scheme)) throw badUrl(url, URL_SHAPE);
  const [, bracketed, host = '', port] = address;
  const parts = {
    host: decodedPart(url, bracketed ?? host) || undefined,
    port: port ? Number(port) : undefined,
    user: username,
    password,
    database: decodedPart(url, path) || undefined,
  };
  return mergeOptions(parts, optionsFromQuery(URL_OPTIONS, query));
}

function tlsFromOption(ssl: boolean | TlsOptions | undefined): TlsSettings | undefined {
  if (ssl === undefined || ssl === false) return undefined;
  if (ssl === true) return { verify: 'name' };
  const { rejectUnauthorized = true, ...rest } = ssl;
  return { ...rest, verify: rejectUnauthorized ? 'name' : 'nothing' };
}

function tlsFromMode(mode: (typeof SSL_MODES)[number], rootCertificates: string | undefined): TlsSettings | undefined {
  const trusted = rootCertificates === undefined || rootCertificates === 'system' ? {} : { caFile: rootCertificates };
  switch (mode) {
    case 'disable':
      return undefined;
    case 'require':
      return rootCertificates === undefined ? { verify: 'nothing' } : { ...trusted, verify: 'chain' };
    case 'verify-ca':
      return { ...trusted, verify: 'chain' };
    case 'verify-full':
      return { ...trusted, verify: 'name' };
  }
}
