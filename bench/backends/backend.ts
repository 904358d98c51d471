import type { Keyv } from 'keyv';

/** A backend that runs on this machine, for the time of the measurements. */
export interface BenchBackend {
  /** As it stands in a table. */
  readonly name: 'SQLite' | 'Redis' | 'PostgreSQL';
  /** Of the server, or of the library. */
  readonly version: string;
  /** The processes that make things durable. */
  pids(): readonly number[];
  /** Where a driver keeps its accounts, apart from those of every other place. */
  urlOf(place: string): string;
  /** Keyv with its adapter for this backend, on a place of its own. */
  keyv(place: string): Keyv;
  /** The client that the driver's adapter brings along, without us, on a place that may be a driver's. */
  raw(place: string): Promise<RawClient>;
  /** Locks what every commit of the account needs, and returns what ends that. Where a backend has such locks. */
  lock?(place: string, accountId: string): Promise<() => Promise<void>>;
  dispose(): Promise<void>;
}

/** A key and a JSON text. */
export type RawEntry = readonly [key: string, json: string];

/** What a good engineer would write, who wants his JSON texts stored atomically, and nothing else. */
export interface RawClient {
  /** Atomically, and whatever is stored. Keys need no escaping in JSON. */
  write(upserts: readonly RawEntry[], deletes: readonly string[]): Promise<void>;
  /** The same as most would write it: between BEGIN and its end, and with nothing prepared. */
  writePlainly(upserts: readonly RawEntry[], deletes: readonly string[]): Promise<void>;
  /** Everything that is stored in the place. */
  readAll(): Promise<readonly RawEntry[]>;
  close(): Promise<void>;
}
