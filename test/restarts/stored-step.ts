import type { PersistenceDriver } from 'accountkeeper';
import { stateAfter } from '../crash/history.js';
import type { Cursor } from './load.js';

/** What is stored of a loaded account. */
export interface StoredStep {
  readonly step: number;
  /** Whether the records are those of that step, and of no other. */
  readonly whole: boolean;
}

/** Reads below the store, so that the account is not taken over from the one that is writing. */
export async function storedStep(driver: PersistenceDriver, accountId: string): Promise<StoredStep> {
  const records = (await driver.load(accountId))?.records ?? new Map<string, string>();
  const step = decoded(records.get('account/metadata'))?.step ?? 0;
  const expected = stateAfter(0, step);
  const metadata = Array.from(records).filter(([key]) => key.startsWith('metadata/'));
  const whole =
    metadata.length === expected.size &&
    metadata.every(([key, text]) => decoded(text)?.step === expected.get(key.slice('metadata/'.length)));
  return { step, whole };
}

/** A record is `<schemaVersion>;<codec>;<payload>`. */
function decoded(text: string | undefined): Cursor | undefined {
  return text === undefined ? undefined : (JSON.parse(text.split(';').slice(2).join(';')) as Cursor);
}
