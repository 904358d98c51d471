import type { StoredAccount } from '../../src/index.js';
import type { AccountView, Entry } from './protocol.js';

const PREFIX = 'metadata/';

/** What a backend holds, read below the store, so that nothing is taken over. */
export function storedView({ records }: StoredAccount): AccountView {
  const last = records.get('account/metadata');
  const symbols = Array.from(records)
    .filter(([key]) => key.startsWith(PREFIX))
    .map(([key, text]) => [key.slice(PREFIX.length), decoded(text)] as const);
  return { last: last === undefined ? undefined : decoded(last), symbols };
}

/** A record is `<schemaVersion>;<codec>;<payload>`. */
function decoded(text: string): Entry {
  return JSON.parse(text.split(';').slice(2).join(';')) as Entry;
}
