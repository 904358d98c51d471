import { type AccountKeeperError, toAccountKeeperError } from '../errors.js';
import { parseHeadMeta } from '../ownership/head-meta.js';
import type { AccountHead, PersistenceDriver } from '../persistence-driver.js';
import type { Clock } from '../shared/clock.js';
import type { Emitter } from '../shared/emitter.js';
import { HighWaterFile, readHighWaters } from './high-water-file.js';
import type { HighWaterOptions, LocalFileEvents, RestoredSpills, SpillOptions } from './local-file-options.js';
import type { ReplayPlan } from './replay-plan.js';
import type { Spill } from './spill.js';
import { type DamagedSpill, SpillFolder, type StoredSpill } from './spill-folder.js';

/** The state that a store has to spill. */
export type SpillContent = Omit<Spill, 'id' | 'accountId' | 'createdAtMs'>;

/** A head that the backend is known to have acknowledged, and where that is known from. */
export interface KnownHead {
  readonly revision: number;
  readonly writeId: string;
  readonly writerId?: string | undefined;
  /** `undefined`: whatever lineage is stored. */
  readonly lineage?: string | undefined;
  /** The file that says so; `undefined`: this process saw it. */
  readonly path?: string | undefined;
}

/** The knowledge of local files about an account, besides that of the backend. */
export interface LocalKnowledge {
  readonly spills: readonly StoredSpill[];
  readonly damaged: readonly DamagedSpill[];
  /** Heads that the backend has acknowledged. */
  readonly known: readonly KnownHead[];
}

const NOTHING: LocalKnowledge = { spills: [], damaged: [], known: [] };

/** The newest head of one lineage of an account that this process saw acknowledged. */
interface SeenHead {
  readonly lineage: string;
  head: AccountHead;
  /** That of another lineage of the account. Nearly every account has one alone. */
  readonly next: SeenHead | undefined;
}

/** The heads that this process saw acknowledged, by driver and account. They count like a file. */
const seenHeads = new WeakMap<PersistenceDriver, Map<string, SeenHead>>();

export interface LocalFileSettings {
  readonly accountId: string;
  readonly driver: PersistenceDriver;
  readonly clock: Clock;
  readonly createId: () => string;
  /** Where spill files lie; a reader has none. */
  readonly spill?: SpillOptions | undefined;
  readonly highWater?: HighWaterOptions | undefined;
}

/** The spill and high-water files of one account, of whichever lineage. */
export class LocalFiles {
  readonly #settings: LocalFileSettings;
  readonly #events: Emitter<LocalFileEvents>;
  readonly #folder: SpillFolder | undefined;
  #highWater: HighWaterFile | undefined;
  /** Of the lineage that is tracked. */
  #seen: SeenHead | undefined;
  #shown: KnownHead | undefined;

  constructor(settings: LocalFileSettings, events: Emitter<LocalFileEvents>) {
    this.#settings = settings;
    this.#events = events;
    this.#folder = settings.spill === undefined ? undefined : new SpillFolder(settings.spill.directory);
  }

  /** Reads the files. @throws `UNAVAILABLE`, `CORRUPT` */
  read(): LocalKnowledge {
    const { accountId, driver, highWater, spill } = this.#settings;
    const { spills, damaged } = this.#folder?.read(accountId) ?? NOTHING;
    const directories = new Set([highWater?.directory, spill?.directory].filter((each) => each !== undefined));
    const noted = [...directories].flatMap((directory) => readHighWaters(directory, accountId));
    const known: KnownHead[] = [...noted, ...spills.flatMap(baseOf)];
    for (let seen = seenHeads.get(driver)?.get(accountId); seen !== undefined; seen = seen.next) {
      known.push(knownHead(seen.head, seen.lineage));
    }
    if (this.#shown !== undefined) known.push(this.#shown);
    return { spills, damaged, known };
  }

  /** A reader shows this head: what is less, or of another history, takes its place at the operator's word alone. */
  show(head: AccountHead | undefined): void {
    this.#shown = head === undefined ? undefined : knownHead(head, parseHeadMeta(head.meta).lineage);
  }

  /** The account was taken over: what is acknowledged from now on is noted, if there is a place for it. */
  track(lineage: string, head: AccountHead): void {
    this.#seen = seenHead(this.#settings, lineage, head);
    this.note(head);
  }

  /** Makes sure that a file of this lineage lies beside those of others. */
  async settle(lineage: string, head: AccountHead): Promise<void> {
    const { directory } = this.#settings.highWater ?? this.#settings.spill ?? {};
    if (directory !== undefined) await this.#write(directory, lineage, head).settled();
  }

  /** The backend has acknowledged this head. */
  note(head: AccountHead): void {
    const { highWater } = this.#settings;
    if (this.#seen === undefined) return;
    this.#seen.head = head;
    if (highWater !== undefined) this.#write(highWater.directory, this.#seen.lineage, head);
  }

  /** Resolves when what was noted is written, or that has failed. */
  async settled(): Promise<void> {
    await this.#highWater?.settled();
  }

  /** Whether there is a place for what cannot be persisted. */
  get takesSpills(): boolean {
    return this.#folder !== undefined;
  }

  /**
   * Writes a new file. Synchronous.
   *
   * @returns its path; `undefined` when there is no place for it.
   * @throws `UNPERSISTED`
   */
  spill(content: SpillContent): string | undefined {
    const { accountId, clock, createId } = this.#settings;
    return this.#folder?.write({ ...content, id: createId(), accountId, createdAtMs: clock.now() });
  }

  /** The backend refuses changes of these files: they stay in a file although all else is replayed. @throws `UNAVAILABLE` */
  keepRefused(spills: readonly StoredSpill[]): void {
    for (const { path } of spills) this.#folder?.copyAside(path, 'refused');
  }

  /**
   * After a take-over: removes the files whose changes are in the backend, and sets aside those of which something is
   * left, so that nothing is replayed from them.
   */
  clear({ replay, done, conflicting }: ReplayPlan, damaged: readonly DamagedSpill[]): RestoredSpills | undefined {
    const folder = this.#folder;
    if (folder === undefined) return undefined;
    for (const { path, spill } of [...done, ...replay]) {
      this.#attempt(() => {
        if (spill.refused.size === 0 && spill.unencodable.length === 0) folder.remove(path);
        else folder.setAside(path, 'refused');
      });
    }
    for (const { path } of conflicting) this.#attempt(() => void folder.setAside(path, 'conflicting'));
    let kept = conflicting.map(({ path }) => path);
    this.#attempt(() => {
      kept = [...folder.aside(this.#settings.accountId, 'conflicting')];
    });
    return { replayed: replay.map(({ path }) => path), conflicting: kept, damaged: damaged.map(({ path }) => path) };
  }

  #write(directory: string, lineage: string, head: AccountHead): HighWaterFile {
    const { accountId } = this.#settings;
    const onError = (error: AccountKeeperError): void => this.#events.emit('high-water-failed', { error });
    this.#highWater ??= new HighWaterFile({ directory, accountId, lineage, onError });
    this.#highWater.note(head);
    return this.#highWater;
  }

  /** The head says what was replayed: nothing is written twice where a file stays. */
  #attempt(act: () => void): void {
    try {
      act();
    } catch (thrown) {
      this.#events.emit('spill-failed', { error: toAccountKeeperError(thrown, 'removal of a spill') });
    }
  }
}

/** The entry of this lineage; a new one holds the head. */
function seenHead({ accountId, driver }: LocalFileSettings, lineage: string, head: AccountHead): SeenHead {
  const heads = seenHeads.get(driver) ?? new Map<string, SeenHead>();
  const first = heads.get(accountId);
  for (let seen = first; seen !== undefined; seen = seen.next) if (seen.lineage === lineage) return seen;
  const seen: SeenHead = { lineage, head, next: first };
  seenHeads.set(driver, heads.set(accountId, seen));
  return seen;
}

function knownHead({ revision, writeId, writerId }: AccountHead, lineage: string | undefined): KnownHead {
  return { revision, writeId, writerId, lineage };
}

/** A spill is written by the store that had the head acknowledged. */
function baseOf({ path, spill: { base, lineage, writerId } }: StoredSpill): readonly KnownHead[] {
  return base === undefined ? [] : [{ ...base, lineage, writerId: lineage === undefined ? undefined : writerId, path }];
}
