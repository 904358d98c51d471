import type { ContractSubject } from '../../test/contract/index.js';
import type { PersistenceDriver } from '../core/persistence-driver.js';
import { redactUrl } from '../core/shared/redact.js';
import { createDriver } from '../drivers/config/create-driver.js';
import { MemoryBackend } from '../drivers/memory/backend.js';

/** Where a second process finds the URL. */
export const SUBJECT_URL_VARIABLE = 'ACCOUNTKEEPER_CONTRACT_URL';

/** A shorter one is in too many texts to be looked for. */
const SHORTEST_SECRET = 4;

/** The URL's driver, under the prefix; behind the URL's own one, if it has one. */
export type MakeDriver = (prefix?: string) => PersistenceDriver;

/** Makes drivers from the URL; those of `memory:` share a backend. They throw `CONFIG`. */
export function driversOf(url: string): MakeDriver {
  const shared = /^memory:/i.test(url) ? { backend: new MemoryBackend() } : {};
  const { rest, prefix: own } = splitPrefix(url);
  return (prefix) => {
    if (prefix === undefined) return createDriver({ url, ...shared });
    return createDriver({ url: rest, prefix: own === undefined ? prefix : `${own}-${prefix}`, ...shared });
  };
}

/** The subject that a URL stands for: a driver, without means to make its backend fail. */
export function urlSubject(url: string): ContractSubject {
  const make = driversOf(url);
  return {
    name: redactUrl(url),
    createDriver: ({ prefix } = {}) => make(prefix),
    ...secondProcess(),
    secrets: secretsOf(url),
  };
}

/** This file and the module are compiled together, or run from their sources together. */
function secondProcess(): Pick<ContractSubject, 'module' | 'execArgv'> {
  if (!import.meta.url.endsWith('.ts')) return { module: new URL('./url-subject.js', import.meta.url) };
  return { module: new URL('./url-subject.ts', import.meta.url), execArgv: ['--import', 'tsx'] };
}

/** The URL without its parameter `prefix`. */
function splitPrefix(url: string): { readonly rest: string; readonly prefix: string | undefined } {
  const start = url.indexOf('?');
  if (start === -1) return { rest: url, prefix: undefined };
  const parts = url.slice(start + 1).split('&');
  const kept = parts.filter((part) => !part.startsWith('prefix='));
  const found = parts.find((part) => part.startsWith('prefix='));
  const rest = `${url.slice(0, start)}${kept.length === 0 ? '' : `?${kept.join('&')}`}`;
  return { rest, prefix: found && (new URLSearchParams(found).get('prefix') ?? undefined) };
}

/** The password, as it stands in the URL and decoded, unless what may be shown of the URL holds it as well. */
function secretsOf(url: string): readonly string[] {
  const [, password] = /^[^:]+:\/\/[^/?#]*?:([^/?#]*)@/.exec(url) ?? [];
  if (password === undefined) return [];
  const shown = redactUrl(url);
  return [...new Set([password, decoded(password)])].filter(
    (secret) => secret.length >= SHORTEST_SECRET && !shown.includes(secret),
  );
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    // No percent-encoding then.
    return text;
  }
}
