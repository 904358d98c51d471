import { AccountKeeperError } from '../core/errors.js';
import { describeReceived } from '../core/option-checks.js';
import { BASE_OPTION_RULES, type BaseDriverOptions } from './base-options.js';
import { badOption, integerOption, type OptionRule, type OptionTable, textOption } from './option-table.js';

/** How the connections are encrypted, and what is verified. Certificates and keys are in PEM format. */
export interface PostgresSslOptions {
  /** The authorities to trust. @default those of Node.js */
  readonly ca?: string;
  /** The client's own certificate, for servers that ask for one. */
  readonly cert?: string;
  /** The key of `cert`. */
  readonly key?: string;
  /** Whether the server has to prove who it is. `false`: anybody in between can be the server; `open` warns. @default true */
  readonly rejectUnauthorized?: boolean;
  /** The name that the server's certificate has to be for. @default the host */
  readonly servername?: string;
}

/** The options that do not say where the server is. */
export interface PostgresTableOptions extends BaseDriverOptions {
  /** The schema of the table: a letter or `_`, then letters, digits and `_`. Created where there is none. @default 'public' */
  readonly schema?: string;
  /** The table: a letter or `_`, then letters, digits and `_`. Created where there is none. @default 'keyv' */
  readonly table?: string;
  /**
   * Connections at most: 1 to 100. They are made when they are needed, and kept. It bounds how many operations of the
   * driver run at the same time, those that wait for a lock among them: the others wait for a connection.
   * @default 10
   */
  readonly poolSize?: number;
  /** What the server's views of its activity call the connections. @default 'accountkeeper' */
  readonly applicationName?: string;
  /** `true`: encrypted, and the server verified by the authorities that Node.js trusts. @default false */
  readonly ssl?: boolean | PostgresSslOptions;
}

/** A server by URL, whose query parameters are options as well. */
export interface PostgresUrlOptions extends PostgresTableOptions {
  /** `postgres://user:password@host:5432/database`. What is in it cannot be given beside it. */
  readonly url: string;
  readonly host?: never;
  readonly port?: never;
  readonly database?: never;
  readonly user?: never;
  readonly password?: never;
}

/** A server by its parts. */
export interface PostgresServerOptions extends PostgresTableOptions {
  readonly url?: never;
  /** A name, an address, or the absolute path of a directory with a Unix socket. @default 'localhost' */
  readonly host?: string;
  /** @default 5432 */
  readonly port?: number;
  /** @default as pg has it: `PGDATABASE`, or the user's name */
  readonly database?: string;
  /** @default as pg has it: `PGUSER`, or the user of the process */
  readonly user?: string;
  /** @default as pg has it: `PGPASSWORD`, or a password file */
  readonly password?: string;
}

/** Options of `PostgresDriver`. */
export type PostgresDriverOptions = PostgresUrlOptions | PostgresServerOptions;

/** All options under one roof. */
export interface PostgresOptionValues extends PostgresTableOptions, Omit<PostgresServerOptions, 'url'> {
  readonly url?: string;
}

const IDENTIFIER = /^[A-Za-z_][A-Za-z0-9_]{0,62}$/;

/** A name that needs no escaping within quotes, and that PostgreSQL does not cut off. */
const identifierOption: OptionRule<string> = {
  check(name, value) {
    if (typeof value === 'string' && IDENTIFIER.test(value)) return value;
    throw badOption(name, value, 'a letter or _, then up to 62 letters, digits and _');
  },
};

/** What is received is not shown. */
const secretOption: OptionRule<string> = {
  check(name, value) {
    if (typeof value === 'string' && value !== '' && !value.includes('\0')) return value;
    const received = value === '' ? 'an empty string' : typeof value === 'string' ? 'a NUL in it' : `a ${typeof value}`;
    throw new AccountKeeperError('CONFIG', `${name}: received ${received}, allowed is a non-empty string without NUL`);
  },
};

/** A text that goes to the server as it is. */
const plainTextOption: OptionRule<string> = {
  check(name, value) {
    const text = textOption.check(name, value);
    if (text.includes('\0')) throw badOption(name, value, 'a non-empty string without NUL');
    return text;
  },
};

const hostOption: OptionRule<string> = {
  check(name, value) {
    const host = plainTextOption.check(name, value);
    if (/[\s,@]/.test(host) || (host.includes('/') && !host.startsWith('/'))) {
      throw badOption(name, value, 'one host: a name, an address, or an absolute path');
    }
    return host;
  },
};

const SSL_TEXTS = ['ca', 'cert', 'key', 'servername'] as const;

const sslOption: OptionRule<boolean | PostgresSslOptions> = {
  check(name, value) {
    if (typeof value === 'boolean') return value;
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      throw badOption(name, value, 'true, false or an object');
    }
    const options: PostgresSslOptions & Readonly<Record<string, unknown>> = { ...value };
    for (const key of Object.keys(options)) {
      if (key !== 'rejectUnauthorized' && !SSL_TEXTS.some((known) => known === key)) {
        throw badOption(name, `an option ${key}`, `an object with ${SSL_TEXTS.join(', ')}, rejectUnauthorized`);
      }
    }
    for (const key of SSL_TEXTS) if (options[key] !== undefined) secretOption.check(`${name}.${key}`, options[key]);
    const { rejectUnauthorized } = options;
    if (rejectUnauthorized !== undefined && typeof rejectUnauthorized !== 'boolean') {
      throw new AccountKeeperError(
        'CONFIG',
        `${name}.rejectUnauthorized: received ${describeReceived(rejectUnauthorized)}, allowed are true and false`,
      );
    }
    return options;
  },
  fromText: (text) => (text === 'true' ? true : text === 'false' ? false : text),
};

/** The rules for {@link PostgresDriverOptions}. */
export const POSTGRES_OPTION_RULES: OptionTable<PostgresOptionValues> = {
  ...BASE_OPTION_RULES,
  url: secretOption,
  host: hostOption,
  port: integerOption(1, 65_535),
  database: plainTextOption,
  user: plainTextOption,
  password: secretOption,
  schema: identifierOption,
  table: identifierOption,
  poolSize: integerOption(1, 100),
  applicationName: plainTextOption,
  ssl: sslOption,
};
