import { AccountStateStore } from '../../src/core/store/account-state-store.js';
import type { AccountStateStoreOptions } from '../../src/core/store/store-options.js';
import { MemoryBackend } from '../../src/drivers/memory/backend.js';
import { MemoryDriver } from '../../src/drivers/memory/driver.js';
import { FakeClock } from './fake-clock.js';
import { payloadOf } from './payload-of.js';
import { ScriptedDriver } from './scripted-driver.js';

/** A restored store on a memory backend, with time and faults under control. */
export interface OpenStore<T extends object> {
  readonly store: AccountStateStore<T>;
  readonly driver: ScriptedDriver;
  readonly backend: MemoryBackend;
  readonly clock: FakeClock;
  /** The names and payloads of all events so far. */
  readonly events: { readonly name: string; readonly event: Record<string, unknown> }[];
  /** What another reader finds in the backend now: record key to the payload of its text. */
  stored(): Promise<Record<string, string>>;
}

const EVENTS = [
  'pending',
  'flushed',
  'flush-failed',
  'recovered',
  'refreshed',
  'refresh-failed',
  'lagging',
  'restored',
  'record-rejected',
  'fenced',
  'closed',
] as const;

export const ACCOUNT = 'test-account';

/** Options of the store under test; `backend` and `clock` can be shared by several. */
export interface OpenStoreOptions<T extends object> extends AccountStateStoreOptions<T> {
  readonly backend?: MemoryBackend;
  readonly fakeClock?: FakeClock;
}

export function createStore<T extends object = Record<string, unknown>>({
  backend = new MemoryBackend(),
  fakeClock: clock = new FakeClock(),
  ...options
}: OpenStoreOptions<T> = {}): OpenStore<T> {
  const driver = new ScriptedDriver(new MemoryDriver({ backend }), clock);
  const store = new AccountStateStore<T>({ accountId: ACCOUNT, driver, clock, random: () => 0.5, ...options });
  const events: OpenStore<T>['events'] = [];
  for (const name of EVENTS) store.on(name, (event: object) => events.push({ name, event: { ...event } }));
  const stored = async (): Promise<Record<string, string>> => {
    const account = await new MemoryDriver({ backend }).load(ACCOUNT);
    const records = [...(account?.records ?? [])];
    return Object.fromEntries(records.map(([recordKey, text]) => [recordKey, payloadOf(text)]));
  };
  return { store, driver, backend, clock, events, stored };
}

export async function openStore<T extends object = Record<string, unknown>>(
  options: OpenStoreOptions<T> = {},
): Promise<OpenStore<T>> {
  const opened = createStore<T>(options);
  await opened.store.restore();
  opened.driver.sent.length = 0;
  opened.events.length = 0;
  return opened;
}

/** What the promise was rejected with; fails the test when it was not. */
export async function rejection(
  promise: Promise<unknown>,
): Promise<Record<string, unknown> & { readonly code: string }> {
  try {
    await promise;
  } catch (error) {
    return error as Record<string, unknown> & { readonly code: string };
  }
  throw new Error('the promise was expected to be rejected');
}

/** The backend takes nothing any more. */
export function cutOff<T extends object>({ driver }: OpenStore<T>): void {
  driver.faults.push(...Array.from({ length: 1_000 }, () => 'refuse' as const));
}

/** Closes a store whose backend is away; everything unpersisted is in a file then. */
export async function closeUnpersisted<T extends object>(open: OpenStore<T>): Promise<Record<string, unknown>> {
  cutOff(open);
  const closed = rejection(open.store.close({ timeoutMs: 1_000 }));
  await open.clock.advance(1_000);
  return closed;
}
