/** The value of every record that a worker writes: the step that changed it, and under which name it was done. */
export interface Entry {
  readonly step: number;
  /** A name that is used for one ownership only. */
  readonly by: string;
}

/** What a store holds in memory, or a backend: the symbols with their entries, and the last step. */
export interface AccountView {
  readonly last: Entry | undefined;
  readonly symbols: readonly (readonly [symbol: string, entry: Entry])[];
}

/** What a worker is told, one JSON text a line on its standard input. */
export type Command =
  /** Make a new store, take the account over, and go on from the step that is found. */
  | { readonly do: 'own'; readonly by: string }
  /** Write no more, close, and end. */
  | { readonly do: 'end' };

/** What a worker says, one line `<kind> <JSON>` on its standard output, written synchronously. */
export interface Reports {
  /** This step was made durable, says the store. */
  readonly acknowledged: number;
  readonly owned: { readonly revision: number; readonly view: AccountView };
  readonly fenced: FencedReport;
  /** The store is closed, after it was fenced or because the worker ends. */
  readonly closed: { readonly error: string | undefined; readonly lastStep: number };
  /** Something that must not happen at all. */
  readonly failed: string;
}

/** What a former owner found when it was fenced. */
export interface FencedReport {
  readonly byWriterId: string | undefined;
  readonly outcome: 'not-applied' | 'unknown';
  /** Record key and value; null where it was deleted. */
  readonly unacknowledged: readonly (readonly [recordKey: string, value: Entry | null])[];
  readonly state: string;
  readonly ownership: string;
  /** The codes with which `setSymbolMetadata`, `deletePositionMetadata`, `setAccountMetadata`, `transaction` and `flush` answered. */
  readonly refusals: readonly (string | undefined)[];
  /** What is read from the fenced store. */
  readonly view: AccountView;
  /** The last step that was made in memory. */
  readonly lastStep: number;
}
