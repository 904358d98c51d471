import { createHash } from 'node:crypto';

/** How many bytes of a hash are in a name: no two texts have the same. A name has at most 63 characters. */
const HASH_BYTES = 20;

const names = new Map<string, string>();

/**
 * The name under which the server keeps a statement. It depends on the text, in which schema and table stand: behind a
 * pooler, sessions are shared with others, and a name must never mean another statement there.
 */
export function statementName(text: string): string {
  let name = names.get(text);
  if (name === undefined) {
    const hash = createHash('sha256').update(text).digest().subarray(0, HASH_BYTES).toString('hex');
    name = `accountkeeper_${hash}`;
    names.set(text, name);
  }
  return name;
}
