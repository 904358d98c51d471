import type { HeadSwap } from '../base/backend-connection.js';

interface Known {
  /** The text of the head under which the names are in the set. */
  head: string;
  readonly names: Set<string>;
}

const NONE: ReadonlySet<string> = new Set();

/**
 * The names that are certainly in the sets of names of the accounts, so that they need not be put there again. A set
 * changes together with its head, whose text stands for one state alone: what this process put into the set of an
 * account is there for as long as the head of that commit is stored. A commit depends on just that.
 */
export class KnownNames {
  readonly #accounts = new Map<string, Known>();
  readonly #most: number;
  #count = 0;

  /** @param most the number of names that are remembered; what would be beyond that makes it forget all of them */
  constructor(most: number) {
    this.#most = most;
  }

  /** Those that are in the set of the account's names if this is the text of its head. */
  under(accountId: string, head: string | undefined): ReadonlySet<string> {
    const known = this.#accounts.get(accountId);
    return known === undefined || known.head !== head ? NONE : known.names;
  }

  /** The change was made. */
  note(accountId: string, { expected, next, upserts, deletes }: HeadSwap): void {
    let known = this.#accounts.get(accountId);
    if (known === undefined || known.head !== expected) {
      this.forget(accountId);
      known = { head: next, names: new Set() };
      this.#accounts.set(accountId, known);
    }
    known.head = next;
    this.#count -= known.names.size;
    for (const name of upserts.keys()) known.names.add(name);
    for (const name of deletes) known.names.delete(name);
    this.#count += known.names.size;
    if (this.#count <= this.#most) return;
    this.#accounts.clear();
    this.#count = 0;
  }

  forget(accountId: string): void {
    this.#count -= this.#accounts.get(accountId)?.names.size ?? 0;
    this.#accounts.delete(accountId);
  }
}
