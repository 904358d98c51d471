import { AccountStateStore } from 'accountkeeper/accountstate';

/** What the bot notes about the positions of a symbol. */
export interface PositionNotes {
  leaderId: string;
  entriesLong: number;
  entriesShort: number;
}

/** The user's own storage. */
export interface NotesStorage {
  read(accountId: string): Promise<Record<string, PositionNotes> | undefined>;
  write(accountId: string, notes: Record<string, PositionNotes | undefined>): Promise<void>;
}

/** A subclass of somebody who wrote the persistence himself: a timer saves the metadata when it has changed. */
export class SavedAccount extends AccountStateStore<PositionNotes> {
  readonly failures: unknown[] = [];
  private readonly accountId: string;
  private readonly storage: NotesStorage;
  private wasRestored = false;
  private readonly timer: NodeJS.Timeout;

  constructor(accountId: string, storage: NotesStorage, everyMs: number) {
    super();
    this.accountId = accountId;
    this.storage = storage;
    this.timer = setInterval(() => void this.saveIfChanged(), everyMs);
  }

  stop(): void {
    clearInterval(this.timer);
  }

  private async saveIfChanged(): Promise<void> {
    if (!this.wasRestored) {
      const stored = await this.storage.read(this.accountId);
      if (stored !== undefined) this.setAllSymbolMetadata(stored);
      this.wasRestored = true;
    }
    if (!this.isPendingPersist()) return;
    this.setIsPendingPersist(false);
    try {
      await this.storage.write(this.accountId, this.getAllSymbolMetadata());
    } catch (thrown) {
      this.failures.push(thrown);
      this.setIsPendingPersist(true);
    }
  }
}
