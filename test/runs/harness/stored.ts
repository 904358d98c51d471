import { createDriver, type StoredAccount } from 'accountkeeper';
import type { AccountView, Entry } from './protocol.js';

const PREFIX = 'metadata/';

/** What a backend holds, read below the store, so that the account is not taken over. */
export function storedView(stored: StoredAccount | undefined): AccountView {
  const records = stored?.records ?? new Map<string, string>();
  const last = records.get('account/metadata');
  const symbols = Array.from(records)
    .filter(([key]) => key.startsWith(PREFIX))
    .map(([key, text]) => [key.slice(PREFIX.length), decoded(text)] as const);
  return { last: last === undefined ? undefined : decoded(last), symbols };
}

/**
 * Reads by a driver of its own. A driver that was used before may have read a commit that no replica had: a failover
 * may lose it, since it was never acknowledged, and the driver then rejects `ROLLED_BACK`.
 */
export async function readAnew(url: string, accountId: string): Promise<AccountView> {
  const reader = createDriver({ url, operationTimeoutMs: 3_000 });
  try {
    return storedView(await reader.load(accountId));
  } finally {
    await Promise.allSettled([reader.close({ timeoutMs: 2_000 })]);
  }
}

/** A record is `{"v":<schemaVersion>,"c":<codec>,"d":<payload>}`. */
function decoded(text: string): Entry {
  return (JSON.parse(text) as { readonly d: Entry }).d;
}
