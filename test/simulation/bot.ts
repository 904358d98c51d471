import { existsSync, readFileSync } from 'node:fs';
import { isAccountKeeperError } from '../../src/core/errors.js';
import type { RestoredSpills, RestoreResult } from '../../src/core/restore/restore-options.js';
import { parseSpill } from '../../src/core/spill/spill-file.js';
import { AccountStateStore } from '../../src/core/store/account-state-store.js';
import { type CommitMessage, DAMAGED_RECORD } from './backend.js';
import { SimulatedDriver } from './driver.js';
import { payloadOf, Versions } from './ledger.js';
import { SimulatedProcess } from './time.js';
import { must } from './violation.js';
import type { World } from './world.js';

/** Why a flush may reject in a world that is well: somebody else owns the account, or the backend has lost something. */
const LASTING: ReadonlySet<string> = new Set(['FENCED', 'ROLLED_BACK']);
const UNWRITABLE: ReadonlySet<string> = new Set(['INVALID_VALUE', 'TOO_LARGE', 'ENCODE']);

type Meta = { readonly n: number | bigint };

/** A spill file, as it was when it was written. */
export interface TrackedSpill {
  readonly path: string;
  readonly bytes: Buffer;
  readonly memory: ReadonlyMap<string, string>;
  /** Symbols that could not be written at all. */
  readonly rejected: ReadonlySet<string>;
}

/** How a bot opens its account. */
export interface BotOptions {
  readonly ownership: 'take-over' | 'wait' | 'read-only';
  readonly spillDirectory: string | undefined;
  readonly startOffline: boolean;
}

/** A bot: one process after the other, each with one store after the other, on the one account of the world. */
export class Bot {
  readonly name: string;
  readonly #world: World;
  readonly #options: BotOptions;
  process: SimulatedProcess;
  #driver: SimulatedDriver;
  #lives = 0;
  #store: AccountStateStore<Meta> | undefined;
  #versions = new Versions(new Map());
  #writerId: string | undefined;
  #phase: 'closed' | 'restoring' | 'open' | 'closing' = 'closed';
  #inFlight = 0;
  #rejected = new Set<string>();
  #seenRevision = 0;

  constructor(name: string, world: World, options: BotOptions) {
    this.name = name;
    this.#world = world;
    this.#options = options;
    this.process = new SimulatedProcess(name, world.time);
    this.#driver = this.#connect();
  }

  get phase(): 'closed' | 'restoring' | 'open' | 'closing' {
    return this.#phase;
  }

  get isReader(): boolean {
    return this.#options.ownership === 'read-only';
  }

  get isWritable(): boolean {
    return this.#phase === 'open' && !this.isReader && this.#store?.persistenceStatus().state !== 'fenced';
  }

  /** Its process ends without a chance to do anything, and a new one starts. */
  crash(): void {
    this.process.end();
    this.#lives += 1;
    this.process = new SimulatedProcess(`${this.name}.${this.#lives}`, this.#world.time);
    this.#driver = this.#connect();
    this.#store = undefined;
    this.#phase = 'closed';
  }

  restore(): void {
    const { world, random } = { world: this.#world, random: this.#world.random };
    const { process } = this;
    const store = new AccountStateStore<Meta>({
      accountId: world.accountId,
      driver: this.#driver,
      clock: process.clock,
      random: () => random.next(),
      createId: () => world.createId(process.name),
      flush: { retryMaxMs: 5_000, commitTimeoutMs: 2_000 },
      ownership: this.#options.ownership === 'wait' ? { mode: 'wait', leaseMs: 3_000 } : this.#options.ownership,
      ...(this.#options.spillDirectory === undefined
        ? {}
        : { spill: { directory: this.#options.spillDirectory, startOffline: this.#options.startOffline } }),
    });
    this.#store = store;
    this.#phase = 'restoring';
    this.#writerId = undefined;
    this.#rejected = new Set();
    this.#requireNotRestored(store);
    store.on('fenced', () => {
      if (this.#writerId !== undefined && this.#store === store) world.ledger.fenced(this.#writerId);
      world.tell(`${process.name} is fenced`);
    });
    store.on('record-rejected', ({ recordKey }) => this.#rejected.add(recordKey));
    store.on('spilled', ({ file }) => this.#spilled(file));
    store.on('online', ({ spills }) => world.tell(`${process.name} is online, replayed ${spills?.replayed.length}`));
    const before = world.backend.applied.get(world.accountId)?.length ?? 0;
    store.restore({ timeoutMs: 6_000 }).then(
      (result) => world.guard(process, () => this.#restored(store, result)),
      (error: unknown) => world.guard(process, () => this.#notRestored(store, error, before)),
    );
  }

  change(symbol: string, value: Meta | undefined): void {
    const store = this.#store;
    if (store === undefined || !this.isWritable) return;
    const recordKey = `metadata/${symbol}`;
    this.#rejected.delete(recordKey);
    const text = value === undefined ? undefined : textOf(value);
    this.#versions.changed(recordKey, text);
    this.#world.acknowledged.changed(recordKey, text);
    if (value === undefined) store.deletePositionMetadata(symbol);
    else store.setSymbolMetadata(symbol, value);
  }

  /** The value that a symbol has now. */
  get(symbol: string): Meta | undefined {
    return this.#store?.getSymbolMetadata(symbol);
  }

  /** Two symbols always change together. */
  transact(n: number, fails: boolean): void {
    const store = this.#store;
    if (store === undefined || !this.isWritable) return;
    try {
      store.transaction(() => {
        this.change('T1', { n });
        this.change('T2', { n });
        if (fails) throw new Error('taken back');
      });
    } catch {
      for (const symbol of ['T1', 'T2']) this.#versions.undo(`metadata/${symbol}`);
    }
  }

  flush(method: 'flush' | 'persistAll'): void {
    const store = this.#store;
    if (store === undefined || !this.isWritable) return;
    const { process } = this;
    const mark = this.#versions.mark();
    const versions = this.#versions;
    const memory = memoryOf(store);
    const { newest } = this.#world.acknowledged;
    store[method]().then(
      () =>
        this.#world.guard(process, () => {
          this.#flushed(mark, versions);
          for (const recordKey of mark.keys()) {
            this.#world.acknowledged.acknowledge(recordKey, memory.get(recordKey), newest);
          }
        }),
      (error: unknown) => this.#world.tell(`${process.name} ${method}: ${codeOf(error)}`),
    );
  }

  refresh(): void {
    const store = this.#store;
    if (store === undefined || this.#phase !== 'open' || !this.isReader) return;
    const { process } = this;
    store.refresh({ timeoutMs: 3_000 }).then(
      ({ revision }) => this.#world.guard(process, () => this.#read(store, revision)),
      (error: unknown) => this.#world.tell(`${process.name} refresh: ${codeOf(error)}`),
    );
  }

  close(deadlineMs: number): void {
    const store = this.#store;
    if (store === undefined || this.#phase !== 'open') return;
    this.#phase = 'closing';
    const { process } = this;
    const closed = (how: string): void =>
      this.#world.guard(process, () => {
        this.#world.tell(`${process.name} closed: ${how}`);
        if (this.#store !== store) return;
        this.#phase = 'closed';
        this.#store = undefined;
      });
    store.close({ deadlineMs }).then(
      () => closed('everything persisted'),
      (error: unknown) => closed(codeOf(error)),
    );
  }

  /** In a world that is well again: nothing that can be written may stay pending. */
  async settleDown(): Promise<void> {
    const store = this.#store;
    if (store === undefined || this.#phase !== 'open' || this.isReader) return;
    const { lastError, ownership, pendingRecords, state } = store.persistenceStatus();
    if (state === 'fenced') return;
    const isRolledBack = lastError?.code === 'ROLLED_BACK';
    if (lastError === undefined && pendingRecords === 0) this.#requireStored(store);
    const isDone = pendingRecords <= this.#rejected.size;
    must(isDone || isRolledBack, 'nothing that can be written stays pending', () => {
      return `${this.process.name}: ${pendingRecords} pending, ${this.#rejected.size} rejected, ${state}, ${ownership}, ${lastError?.message}`;
    });
  }

  /** In a world that is well again: `flush()` settles, and rejects only for a reason that stays. */
  flushAtLast(): () => void {
    const store = this.#store;
    if (store === undefined || !this.isWritable) return () => undefined;
    const { process } = this;
    let settled = false;
    store.flush().then(
      () => {
        settled = true;
      },
      (error: unknown) => {
        settled = true;
        const code = codeOf(error);
        this.#world.guard(process, () => {
          const isRight = LASTING.has(code) || (UNWRITABLE.has(code) && this.#rejected.size > 0);
          must(isRight, 'flush rejects for a right reason', () => `${process.name}: ${code}`);
        });
      },
    );
    return () => must(settled, 'flush settles', () => process.name);
  }

  /** With nothing pending, and nobody else there, memory and backend are the same. */
  #requireStored(store: AccountStateStore<Meta>): void {
    const { accountId, backend } = this.#world;
    if (backend.head(accountId)?.writerId !== this.#writerId) return;
    const [memory, stored] = [memoryOf(store), payloadsOf(backend.records(accountId))];
    must(isSame(memory, stored), 'with nothing pending, memory is stored', () => {
      return `${this.process.name}: ${shown(memory)}, stored ${shown(stored)}`;
    });
  }

  #connect(): SimulatedDriver {
    const world = this.#world;
    const { process } = this;
    const driver = new SimulatedDriver({
      backend: world.backend,
      time: world.time,
      process,
      random: world.random,
      weather: world.weather,
      mutant: world.mutant,
      onCommit: (message) => world.guard(process, () => this.#sent(process, message)),
    });
    const commit = driver.commit.bind(driver);
    this.#inFlight = 0;
    driver.commit = async (accountId, batch, options) => {
      this.#inFlight += 1;
      const inFlight = this.#inFlight;
      world.guard(process, () => must(inFlight === 1, 'one commit is in flight', () => `${process.name}: ${inFlight}`));
      try {
        return await commit(accountId, batch, options);
      } finally {
        this.#inFlight -= 1;
      }
    };
    return driver;
  }

  #sent(process: SimulatedProcess, message: CommitMessage): void {
    if (message.accountId !== this.#world.accountId) return;
    if (process === this.process) this.#writerId = message.options.writerId;
    // A store that was started offline claims, and writes, without a restore in between.
    if (process === this.process && this.#phase === 'open')
      this.#world.ledger.writes(message.options.writerId, this.#versions);
    const { batch, options } = message;
    this.#world.tell(
      `${process.name} sends ${options.writeId} on ${options.expected?.writeId}: ${[...batch.upserts.keys(), ...[...batch.deletes].map((key) => `-${key}`)].join(' ')}`,
    );
    this.#world.ledger.sent(message);
  }

  #requireNotRestored(store: AccountStateStore<Meta>): void {
    try {
      store.setSymbolMetadata('A', { n: -1 });
    } catch (error) {
      if (codeOf(error) === 'NOT_RESTORED') return;
    }
    must(false, 'nothing is changed before restore', () => this.process.name);
  }

  #restored(store: AccountStateStore<Meta>, { status, revision, spills }: RestoreResult): void {
    if (this.#store !== store) return;
    const world = this.#world;
    const { ownership } = store.persistenceStatus();
    world.tell(
      `${this.process.name} restored revision ${revision}, ${ownership}, replayed ${spills?.replayed.length ?? 0}, conflicting ${spills?.conflicting.length ?? 0}`,
    );
    this.#phase = 'open';
    const memory = memoryOf(store);
    this.#versions = new Versions(memory);
    if (this.isReader) {
      this.#read(store, revision);
      return;
    }
    this.#checkConflicts(spills, revision);
    if (ownership === 'offline') {
      const isSpilled = world.spills.some((spill) => existsSync(spill.path) && this.#holds(memory, spill));
      must(isSpilled, 'what was spilled is there offline', () => shown(memory));
      if (this.#writerId !== undefined) world.ledger.writes(this.#writerId, this.#versions);
      return;
    }
    const claim = world.backend.applied
      .get(world.accountId)
      ?.find(({ head }) => head.revision === revision && head.writerId === this.#writerId);
    must(claim !== undefined, 'restore claims the account', () => `${this.process.name}, revision ${revision}`);
    const stored = payloadsOf(claim.after);
    must(
      isSame(memory, stored),
      'restore shows what the backend holds',
      () => `${shown(memory)}, stored ${shown(stored)}`,
    );
    must(status === 'restored' || stored.size === 0, 'an account with records is never empty', () => this.process.name);
    world.ledger.writes(claim.head.writerId, this.#versions);
    const last = spills?.replayed.at(-1);
    this.#requireSame(
      'what was spilled comes back',
      memory,
      world.spills.find(({ path }) => path === last),
    );
  }

  #requireSame(invariant: string, memory: ReadonlyMap<string, string>, spill: TrackedSpill | undefined): void {
    if (spill === undefined) return;
    must(this.#holds(memory, spill), invariant, () => `${shown(memory)}, spilled ${shown(spill.memory)}`);
  }

  #holds(memory: ReadonlyMap<string, string>, { memory: spilled, rejected }: TrackedSpill): boolean {
    const written = (map: ReadonlyMap<string, string>): Map<string, string> =>
      new Map([...map].filter(([recordKey]) => !rejected.has(recordKey)));
    return isSame(written(memory), written(spilled));
  }

  /** Only when somebody else has committed since may a spill be left out. */
  #checkConflicts(spills: RestoredSpills | undefined, revision: number): void {
    const world = this.#world;
    for (const path of spills?.conflicting ?? []) {
      const tracked = world.spills.find((each) => `${each.path}.conflicting` === path);
      if (tracked === undefined || world.wasRolledBack) continue;
      const { attempts, base, follows } = parseSpill(tracked.bytes);
      const ours = new Set([...attempts.map(({ writeId }) => writeId), ...follows.map((id) => `${id}-replay`)]);
      const since = (world.backend.applied.get(world.accountId) ?? []).filter(
        ({ head }) => head.revision > (base?.revision ?? 0) && head.revision < revision && !ours.has(head.writeId),
      );
      const hasBranch = world.spills.some(
        (each) => each !== tracked && parseSpill(each.bytes).follows.join() === follows.join(),
      );
      must(since.length > 0 || hasBranch, 'a spill conflicts with a commit by somebody else', () => path);
    }
  }

  #notRestored(store: AccountStateStore<Meta>, error: unknown, before: number): void {
    const world = this.#world;
    world.tell(`${this.process.name} restore: ${codeOf(error)}`);
    if (codeOf(error) === 'CORRUPT') {
      const claimed = (world.backend.applied.get(world.accountId) ?? [])
        .slice(before)
        .some(({ head }) => head.writerId === this.#writerId);
      must(!claimed, 'an account that cannot be read is never claimed', () => this.process.name);
    }
    if (this.#store !== store) return;
    this.#phase = 'closed';
    this.#store = undefined;
  }

  #flushed(mark: ReadonlyMap<string, number>, versions: Versions): void {
    const world = this.#world;
    if (versions !== this.#versions || this.#writerId === undefined) return;
    world.tell(`${this.process.name} flushed`);
    const stored = world.ledger.lastStateOf(world.accountId, this.#writerId) ?? new Map<string, string>();
    for (const [recordKey, from] of mark) {
      if (this.#rejected.has(recordKey)) continue;
      const text = stored.get(recordKey);
      const isThere = versions.isAtLeast(recordKey, text === undefined ? undefined : payloadOf(text), from);
      must(isThere, 'what was acknowledged is stored', () => `${this.process.name}: ${recordKey} = ${text}`);
    }
  }

  #read(store: AccountStateStore<Meta>, revision: number): void {
    const world = this.#world;
    must(
      revision >= this.#seenRevision || world.wasRolledBack,
      'reads never go back',
      () => `${this.#seenRevision}, then ${revision}`,
    );
    this.#seenRevision = revision;
    const memory = memoryOf(store);
    const held = world.backend.applied.get(world.accountId)?.findLast(({ head }) => head.revision === revision);
    if (held === undefined || this.#store !== store) return;
    const stored = payloadsOf(held.after);
    must(
      isSame(memory, stored),
      'a read is one instant',
      () => `revision ${revision}: ${shown(memory)}, stored ${shown(stored)}`,
    );
  }

  #spilled(path: string): void {
    const world = this.#world;
    world.tell(`${this.process.name} spilled ${path}`);
    world.spills.push({
      path,
      bytes: readFileSync(path),
      memory: this.#versions.now(),
      rejected: new Set(this.#rejected),
    });
  }
}

function memoryOf(store: AccountStateStore<Meta>): Map<string, string> {
  return new Map(
    store.getSymbolsWithMetadata().map((symbol) => [`metadata/${symbol}`, textOf(store.getSymbolMetadata(symbol))]),
  );
}

/** The values of what is stored, without the record that is damaged at any moment. */
function payloadsOf(records: ReadonlyMap<string, string>): Map<string, string> {
  const own = [...records].filter(([key]) => key.startsWith('metadata/') && key !== DAMAGED_RECORD);
  return new Map(own.map(([key, text]) => [key, payloadOf(text)]));
}

function textOf(value: Meta | undefined): string {
  return typeof value?.n === 'bigint' ? `${value.n}n` : JSON.stringify(value);
}

function isSame(a: ReadonlyMap<string, string>, b: ReadonlyMap<string, string>): boolean {
  return a.size === b.size && [...a].every(([key, text]) => b.get(key) === text);
}

function shown(map: ReadonlyMap<string, string>): string {
  return JSON.stringify(Object.fromEntries([...map].sort()));
}

function codeOf(error: unknown): string {
  if (!isAccountKeeperError(error)) throw error;
  return error.code;
}
