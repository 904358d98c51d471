import { OkxError } from './okx-error.js';
import type { Row } from './row.js';

/** A parameter as text; `''` without it. */
export function text(params: Row, key: string): string {
  const value = params[key];
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? String(value) : '';
}

/** A parameter that must be there. */
export function needed(params: Row, key: string): string {
  const value = text(params, key);
  if (value === '') throw new OkxError('50014', `Parameter ${key} cannot be empty.`);
  return value;
}

/** A parameter that must be one of some words. */
export function oneOf<Word extends string>(params: Row, key: string, words: readonly Word[]): Word {
  const value = needed(params, key);
  const word = words.find((each) => each === value);
  if (word === undefined) throw wrong(key);
  return word;
}

/** An amount, as plain decimal notation; `undefined` without it. */
export function amount(params: Row, key: string): string | undefined {
  const value = text(params, key);
  if (value === '') return undefined;
  if (!/^\d+(\.\d+)?$/.test(value)) throw wrong(key);
  return value;
}

export function isTrue(params: Row, key: string): boolean {
  return text(params, key) === 'true';
}

/** A parameter that names several, with commas between them; empty without it. */
export function list(params: Row, key: string): readonly string[] {
  return text(params, key)
    .split(',')
    .filter((each) => each !== '');
}

/** The rows of a parameter, or of a body that is a list. */
export function rows(value: unknown): readonly Row[] {
  return Array.isArray(value) ? value.map(asRow) : [];
}

export function asRow(value: unknown): Row {
  return typeof value === 'object' && value !== null ? Object.fromEntries(Object.entries(value)) : {};
}

export function wrong(key: string): OkxError {
  return new OkxError('51000', `Parameter ${key} error`);
}
