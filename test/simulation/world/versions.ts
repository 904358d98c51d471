interface Change {
  readonly recordKey: string;
  /** Among the versions of its record. */
  readonly index: number;
}

/** What a store's memory has held under each record key, one after the other; `undefined`: nothing. */
export class Versions {
  readonly #texts = new Map<string, (string | undefined)[]>();
  /** What was changed together, and can be written. */
  #groups: (readonly Change[])[] = [];

  constructor(records: ReadonlyMap<string, string>) {
    for (const [recordKey, text] of records) this.#texts.set(recordKey, [text]);
  }

  now(): Map<string, string> {
    const texts = [...this.#texts].map(([recordKey, versions]) => [recordKey, versions.at(-1)] as const);
    return new Map(texts.filter((entry): entry is readonly [string, string] => entry[1] !== undefined));
  }

  keys(): Iterable<string> {
    return this.#texts.keys();
  }

  changed(recordKey: string, text: string | undefined): void {
    const versions = this.#texts.get(recordKey) ?? [undefined];
    versions.push(text);
    this.#texts.set(recordKey, versions);
  }

  undo(recordKey: string): void {
    this.#texts.get(recordKey)?.pop();
  }

  /** The newest versions of these records belong together. */
  together(recordKeys: readonly string[]): void {
    this.#groups.push(recordKeys.map((recordKey) => ({ recordKey, index: this.#newest(recordKey) })));
  }

  /** A record could not be written: what it was changed with need not be written with it. */
  refused(recordKey: string): void {
    this.#groups = this.#groups.filter((group) => !group.some((change) => change.recordKey === recordKey));
  }

  /** The number of the newest version of each record. */
  mark(): ReadonlyMap<string, number> {
    return new Map([...this.#texts].map(([recordKey, versions]) => [recordKey, versions.length - 1]));
  }

  /** Whether a text is one of the versions from this one on. */
  isAtLeast(recordKey: string, text: string | undefined, from: number): boolean {
    return this.indexOf(recordKey, text, from) !== -1;
  }

  /** The first version from this one on that has this text; -1 when there is none. */
  indexOf(recordKey: string, text: string | undefined, from: number): number {
    return (this.#texts.get(recordKey) ?? [undefined]).indexOf(text, from);
  }

  /** Records of which some hold what they were given together, or something newer, and some do not. */
  torn(records: ReadonlyMap<string, string>): readonly string[] | undefined {
    const group = this.#groups.find((changes) => {
      const sides = changes.map((change) => this.#sideOf(change, records.get(change.recordKey)));
      return sides.includes('before') && sides.includes('after');
    });
    return group?.map(({ recordKey }) => recordKey);
  }

  #newest(recordKey: string): number {
    return (this.#texts.get(recordKey)?.length ?? 1) - 1;
  }

  /** A text that was there several times, and that of somebody else, says nothing. */
  #sideOf({ recordKey, index }: Change, text: string | undefined): 'before' | 'after' | 'unknown' {
    const versions = this.#texts.get(recordKey) ?? [undefined];
    const first = versions.indexOf(text);
    if (first === -1) return 'unknown';
    if (versions.lastIndexOf(text) < index) return 'before';
    return first >= index ? 'after' : 'unknown';
  }
}
