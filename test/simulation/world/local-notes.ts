import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseSpill } from '../../../src/core/local-files/spill-file.js';

/** What a local file says of an account: a head that its backend had acknowledged. */
export interface LocalNote {
  readonly path: string;
  readonly kind: 'spill' | 'high-water';
  readonly accountId: string;
  /** `undefined`: the account was never written. */
  readonly head: { readonly revision: number; readonly writeId: string } | undefined;
}

/** What all whole files in a directory say. */
export function notesIn(directory: string): readonly LocalNote[] {
  return namesIn(directory).flatMap((name) => {
    const path = join(directory, name);
    if (name.endsWith('.spill')) return spillNote(path) ?? [];
    return name.endsWith('.high-water') ? (highWaterNote(path) ?? []) : [];
  });
}

/** The names of the files in a directory, and none where there is no directory. */
export function namesIn(directory: string): readonly string[] {
  try {
    return readdirSync(directory).sort();
  } catch {
    return [];
  }
}

function spillNote(path: string): LocalNote | undefined {
  try {
    const { accountId, base } = parseSpill(readFileSync(path));
    return { path, kind: 'spill', accountId, head: base };
  } catch {
    // Torn.
    return undefined;
  }
}

function highWaterNote(path: string): LocalNote | undefined {
  try {
    const text = readFileSync(path, 'utf8');
    const body = JSON.parse(text.slice(text.indexOf('\n'))) as Partial<Record<string, unknown>>;
    const { accountId, revision, writeId } = body;
    if (!text.endsWith('\n') || typeof accountId !== 'string' || typeof revision !== 'number') return undefined;
    return { path, kind: 'high-water', accountId, head: { revision, writeId: String(writeId) } };
  } catch {
    // Torn.
    return undefined;
  }
}
