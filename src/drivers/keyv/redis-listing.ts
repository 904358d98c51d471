import { hasMethods } from './client.js';

/** The members that listing uses of `@keyv/redis`. */
export interface KeyvRedisAdapter {
  createKeyPrefix(key: string, namespace?: string): string;
  getMasterNodes(): Promise<readonly ScannedNode[]>;
  getMany(keys: readonly string[]): Promise<readonly unknown[]>;
}

interface ScannedNode {
  scan(
    cursor: string,
    options: { readonly MATCH: string; readonly TYPE: string; readonly COUNT: number },
  ): Promise<{ readonly cursor: unknown; readonly keys: readonly string[] }>;
}

const KEYS_AT_ONCE = 200;
/** Characters with a meaning in a pattern of Redis. */
const GLOB = /[*?[\]\\^]/g;

/** The text as a pattern that matches it alone. */
export function escapeGlob(text: string): string {
  return text.replace(GLOB, '\\$&');
}

/** Whether the adapter is one of `@keyv/redis`. */
export function isKeyvRedis(store: unknown): store is KeyvRedisAdapter {
  return hasMethods(store, ['createKeyPrefix', 'getMasterNodes', 'getMany']);
}

/**
 * The keys that begin with `<start>:`, and their values. The adapter's own iterator takes two requests for ten keys, of
 * all that the namespace has, and leaves keys out where it has none.
 */
export async function* listKeyvRedis(
  store: KeyvRedisAdapter,
  own: string,
  start: string,
): AsyncGenerator<readonly unknown[]> {
  const options = { MATCH: `${escapeGlob(start)}:*`, TYPE: 'string', COUNT: KEYS_AT_ONCE };
  for (const node of await store.getMasterNodes()) {
    let cursor = '0';
    do {
      const page = await node.scan(cursor, options);
      const { keys } = page;
      const values = keys.length === 0 ? [] : await store.getMany(keys.map((key) => key.slice(own.length)));
      for (const [index, key] of keys.entries()) yield [key, values[index]];
      cursor = String(page.cursor);
    } while (cursor !== '0');
  }
}
