import { AccountKeeperError } from '../../core/errors.js';
import { type Check, requireOneOf } from '../../core/shared/option-checks.js';
import { redactUrl } from '../../core/shared/redact.js';

type Options = Readonly<Record<string, unknown>>;

/** The parts of a server's URL. */
export interface ServerUrl {
  /** In lower case. */
  readonly scheme: string;
  readonly username: string | undefined;
  readonly password: string | undefined;
  /** As they stand in the URL, like the rest. */
  readonly hosts: string;
  readonly path: string;
  readonly query: string;
}

// A user or a password that a / or a # has ended too early goes on to an @ further on.
const SERVER_URL = /^([a-z+]+):\/\/(?:([^/?#]*)@)?([^/?#@]*)(?:\/([^?#@]*))?(?:\?([^#]*))?$/i;

/** `host`, `host:port`, or `[IPv6 address]:port`. */
export const HOST_AND_PORT: RegExp = /^(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9._-]+))(?::(\d{1,5}))?$/;

/** Takes the URL of a server apart. @throws `CONFIG`, without the URL's credentials */
export function parseServerUrl(url: string, expected: string): ServerUrl {
  const [, scheme, userInfo = '', hosts = '', path = '', query = ''] = SERVER_URL.exec(url.trim()) ?? [];
  if (scheme === undefined) throw badUrl(url, expected);
  const [username = '', ...password] = userInfo.split(':');
  return {
    scheme: scheme.toLowerCase(),
    username: decodedPart(url, username) || undefined,
    password: decodedPart(url, password.join(':')) || undefined,
    hosts,
    path,
    query,
  };
}

/** A part of the URL without percent sequences. @throws `CONFIG` */
export function decodedPart(url: string, part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    // The thrown error contains the text, password included, so it does not become the cause.
    throw badUrl(url, 'one whose % are %25');
  }
}

/** The error for a URL that is none, without its credentials. */
export function badUrl(url: string, expected: string): AccountKeeperError {
  return new AccountKeeperError('CONFIG', `url: expected ${expected}, received ${JSON.stringify(shown(url))}`);
}

/** Where no scheme, or no hosts are to be seen, the password may be in their place. */
function shown(url: string): string {
  const [, scheme = '', rest = ''] = /^([a-z+]*:\/\/)?(.*)$/is.exec(redactUrl(url)) ?? [];
  const [hosts = ''] = rest.slice(rest.lastIndexOf('@') + 1).split(/[/?#]/);
  const isClear = scheme !== '' && !rest.includes('#') && hosts.split(',').every((host) => HOST_AND_PORT.test(host));
  return isClear ? `${scheme}${rest}` : `${scheme}***`;
}

/**
 * The parameters of a URL's query, each as its option takes it: as a text, a number, `true` or `false`, or a word in
 * either case. What its option does not take stays a text.
 *
 * @throws `CONFIG`
 */
export function optionsFromQuery(checks: Readonly<Record<string, Check<unknown>>>, query: string): Options {
  const options: Record<string, unknown> = {};
  for (const [name, text] of new URLSearchParams(query)) {
    const check = checks[requireOneOf('url', name, Object.keys(checks))];
    if (Object.hasOwn(options, name)) throw givenTwice(name);
    const meanings = [text, plainValue(text), text.toLowerCase(), text.toUpperCase()];
    options[name] = meanings.find((meaning) => takes(check, name, meaning)) ?? text;
  }
  return options;
}

function plainValue(text: string): unknown {
  if (text === 'true' || text === 'false') return text === 'true';
  return /^\d{1,10}$/.test(text) ? Number(text) : text;
}

function takes(check: Check<unknown> | undefined, name: string, value: unknown): boolean {
  try {
    check?.(name, value);
    return true;
  } catch {
    return false;
  }
}

/** The options of both. @throws `CONFIG` for one that is in both: neither place goes without saying before the other */
export function mergeOptions(some: Options, others: Options): Options {
  const merged: Record<string, unknown> = { ...some };
  for (const [name, value] of Object.entries(others)) {
    if (value === undefined) continue;
    if (merged[name] !== undefined) throw givenTwice(name);
    merged[name] = value;
  }
  return merged;
}

/** The error for an option that is in two places, in the URL or beside it. */
export function givenTwice(name: string): AccountKeeperError {
  return new AccountKeeperError('CONFIG', `${name}: expected once, in the URL or beside it, received twice`);
}
