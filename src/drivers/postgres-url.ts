import { AccountKeeperError } from '../core/errors.js';
import { redactUrl } from '../core/redact.js';
import { badOption, type OptionTable, optionsFromQuery, readOptions, textOption, wordOption } from './option-table.js';
import { POSTGRES_OPTION_RULES, type PostgresOptionValues } from './postgres-options.js';
import { type TlsSettings, tlsFromOption } from './postgres-tls.js';

/** The modes of libpq that say what they do. */
export const SSL_MODES = ['disable', 'require', 'verify-ca', 'verify-full'] as const;

/** One of {@link SSL_MODES}. */
export type SslMode = (typeof SSL_MODES)[number];

/** What the query of a URL can hold. */
interface UrlParameters extends Omit<PostgresOptionValues, 'url'> {
  /**
   * `disable`: not encrypted. `require`: encrypted, and nothing verified, unless there is an `sslrootcert`: then as
   * `verify-ca`. `verify-ca`: signed by an authority that is trusted. `verify-full`: and for this host.
   */
  readonly sslmode?: SslMode;
  /** A file with the authorities to trust; `system`: those of Node.js. */
  readonly sslrootcert?: string;
}

const { url: URL_RULE, ...PART_RULES } = POSTGRES_OPTION_RULES;

const URL_RULES: OptionTable<UrlParameters> = {
  ...PART_RULES,
  sslmode: wordOption(SSL_MODES),
  sslrootcert: textOption,
};

/** All options, with those of the URL among them. */
export interface PostgresSettings extends Omit<PostgresOptionValues, 'url' | 'ssl'> {
  readonly tls: TlsSettings | undefined;
}

/** The options, each checked, and those of the URL merged in. @throws `CONFIG` */
export function readPostgresOptions(given: object): PostgresSettings {
  const { url, ssl, ...beside } = readOptions(POSTGRES_OPTION_RULES, given);
  if (url === undefined) return { ...beside, tls: tlsFromOption(ssl) };
  const { sslmode, sslrootcert, ssl: sslInUrl, ...inUrl } = readUrl(URL_RULE.check('url', url));
  for (const name of Object.keys(beside)) if (Object.hasOwn(inUrl, name)) throw twice(name, 'in the URL and beside it');
  if ([ssl, sslInUrl, sslmode].filter((each) => each !== undefined).length > 1) {
    throw twice('ssl', 'twice (ssl in the URL, sslmode, ssl beside the URL)');
  }
  if (sslrootcert !== undefined && (sslmode === undefined || sslmode === 'disable')) {
    throw new AccountKeeperError('CONFIG', 'sslrootcert: received without an sslmode that encrypts');
  }
  const tls = sslmode === undefined ? tlsFromOption(ssl ?? sslInUrl) : tlsFromMode(sslmode, sslrootcert);
  return { ...inUrl, ...beside, tls };
}

/** Stands where there is no host behind a user, which URLs of PostgreSQL may be without, and others not. */
const NO_HOST = 'none.invalid';

function readUrl(url: string): Partial<UrlParameters> {
  const [before = '', ...query] = url.split('?');
  const parsed = parseUrl(before, url);
  const { hostname, port, username, password, pathname } = parsed;
  const parts: Record<string, unknown> = {};
  const put = (name: keyof UrlParameters, text: string): void => {
    if (text !== '') parts[name] = decoded(name, text);
  };
  if (hostname !== NO_HOST) put('host', hostname.replace(/^\[(.*)\]$/, '$1'));
  put('user', username);
  put('password', password);
  put('database', pathname.slice(1));
  if (port !== '') parts['port'] = Number(port);
  const parameters = optionsFromQuery(URL_RULES, query.join('?'));
  for (const name of Object.keys(parameters)) {
    if (Object.hasOwn(parts, name)) throw twice(name, 'twice in the URL');
  }
  return readOptions(URL_RULES, { ...parts, ...parameters });
}

function parseUrl(text: string, whole: string): URL {
  // What URL throws holds the text, password included: it is not made a cause.
  const standard = text.replace(/@(?=\/|$)/, `@${NO_HOST}`);
  const parsed = URL.canParse(standard) ? new URL(standard) : undefined;
  // An @ or a # further on is from a user or a password that a / has ended too early.
  const isWhole = parsed !== undefined && !parsed.pathname.includes('@') && parsed.hash === '';
  if (isWhole && /^postgres(?:ql)?:$/.test(parsed.protocol) && text.includes('://')) return parsed;
  // Without an @, what cannot be parsed may hold a password anywhere.
  const isShown = whole.includes('@') || (parsed?.hash === '' && text.includes('://'));
  const received = JSON.stringify(isShown ? redactUrl(whole) : whole.replace(/^([a-z]+:\/\/)?.*$/is, '$1***'));
  const allowed =
    'postgres://user:password@host:port/database with one host, and what is special in user and password in percent ' +
    'sequences';
  throw new AccountKeeperError('CONFIG', `url: received ${received}, allowed is ${allowed}`);
}

function decoded(name: string, text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    // The text may be a password.
    throw badOption(name, 'a % that begins no percent sequence', 'a text in a URL whose % are %25');
  }
}

function tlsFromMode(mode: SslMode, rootCertificates: string | undefined): TlsSettings | undefined {
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

function twice(name: string, how: string): AccountKeeperError {
  return new AccountKeeperError('CONFIG', `${name}: received ${how}, allowed is once`);
}
