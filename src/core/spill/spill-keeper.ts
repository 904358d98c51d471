import type { Clock } from '../clock.js';
import type { RestoredSpills } from '../restore/restore-options.js';
import { type ReplayPlan, replayWriteIdOf } from './replay-plan.js';
import type { Spill } from './spill.js';
import { type DamagedSpill, SpillFolder, type StoredSpill } from './spill-folder.js';

/** What a store has to spill. */
export type SpillContent = Omit<Spill, 'id' | 'accountId' | 'createdAtMs' | 'replayWriteId'>;

/** The spill files of one account, as one restore finds them and as its store adds to them. */
export class SpillKeeper {
  readonly #folder: SpillFolder;
  readonly #accountId: string;
  readonly #clock: Clock;
  readonly #createId: () => string;

  constructor(
    directory: string,
    account: { readonly accountId: string; readonly clock: Clock; readonly createId: () => string },
  ) {
    this.#folder = new SpillFolder(directory);
    this.#accountId = account.accountId;
    this.#clock = account.clock;
    this.#createId = account.createId;
  }

  /** The files that are there now. */
  read(): { readonly spills: readonly StoredSpill[]; readonly damaged: readonly DamagedSpill[] } {
    return this.#folder.read(this.#accountId);
  }

  /**
   * Writes a new file. Synchronous.
   *
   * @returns its path.
   * @throws `UNPERSISTED`
   */
  save(content: SpillContent): string {
    const id = this.#createId();
    return this.#folder.write({
      ...content,
      id,
      accountId: this.#accountId,
      createdAtMs: this.#clock.now(),
      replayWriteId: replayWriteIdOf(id),
    });
  }

  /**
   * After a take-over: removes the files whose changes are in the backend, and sets aside those of which something is
   * left, so that nothing starts from them.
   */
  settle(
    { replay, done, conflicting }: ReplayPlan,
    damaged: readonly DamagedSpill[],
    onError: (thrown: unknown) => void,
  ): RestoredSpills {
    const attempt = (act: () => void): void => {
      try {
        act();
      } catch (thrown) {
        // The head says what was replayed: nothing is written twice.
        onError(thrown);
      }
    };
    for (const { path, spill } of [...done, ...replay]) {
      attempt(() => {
        if (spill.refused.size === 0) this.#folder.remove(path);
        else this.#folder.setAside(path, 'refused');
      });
    }
    for (const { path } of conflicting) attempt(() => void this.#folder.setAside(path, 'conflicting'));
    let kept: readonly string[] = conflicting.map(({ path }) => path);
    attempt(() => {
      kept = this.#folder.aside(this.#accountId, 'conflicting');
    });
    return {
      replayed: replay.map(({ path }) => path),
      conflicting: kept,
      damaged: damaged.map(({ path }) => path),
    };
  }
}
