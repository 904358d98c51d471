/** The value of every record that a run writes: the step that changed it, and under which name it was done. */
export interface Entry {
  readonly step: number;
  /** A name that is used for one ownership of the account only. */
  readonly by: string;
}

/** What a store holds in memory, or a backend: the symbols with their entries, and the last step. */
export interface AccountView {
  readonly last: Entry | undefined;
  readonly symbols: readonly (readonly [symbol: string, entry: Entry])[];
}

/** What every worker reports, one line `<kind> <JSON>` on its standard output, written synchronously. */
export interface CommonReports {
  /** The store has acknowledged this step. */
  readonly acknowledged: { readonly accountId: string; readonly step: number };
  /** Something that must not happen at all. */
  readonly failed: string;
}

/** Reports something of this kind. */
export type Say<Reports> = <Kind extends keyof Reports & string>(kind: Kind, report: Reports[Kind]) => void;
