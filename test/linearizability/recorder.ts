import { isAccountKeeperError } from '../../src/core/errors.js';
import type {
  AccountHead,
  OperationOptions,
  PersistenceDriver,
  StoredAccount,
} from '../../src/core/persistence-driver.js';
import type { AccountInput, AccountOperation, AccountOutput, AccountState } from './checker/account-specification.js';

/** What one operation came to. */
export type Result =
  | { readonly kind: 'answered'; readonly output: AccountOutput }
  /** Without effect: it is not part of the history. */
  | { readonly kind: 'not applied'; readonly error: unknown }
  | { readonly kind: 'unknown'; readonly error: unknown };

/** Runs operations on one account and takes down what the clients saw. */
export class Recorder {
  readonly accountId: string;
  readonly #operations: AccountOperation[] = [];
  #time = 0;

  constructor(accountId: string) {
    this.accountId = accountId;
  }

  /** Those that have settled. */
  get operations(): readonly AccountOperation[] {
    return this.#operations;
  }

  async run(
    client: string,
    driver: PersistenceDriver,
    input: AccountInput,
    options: OperationOptions = {},
  ): Promise<Result> {
    const invokedAt = this.#now();
    const result = await this.#settled(ask(driver, this.accountId, input, options));
    const returnedAt = this.#now();
    const mayHaveEffect = input.kind === 'commit' || input.kind === 'drop';
    const output = result.kind === 'answered' ? result.output : undefined;
    if (output !== undefined || (result.kind === 'unknown' && mayHaveEffect)) {
      this.#operations.push({ client, input, output, invokedAt, returnedAt });
    }
    return result;
  }

  /** All clients are of this process: a count of what they did is a clock. */
  #now(): number {
    this.#time += 1;
    return this.#time;
  }

  async #settled(answer: Promise<AccountOutput>): Promise<Result> {
    try {
      return { kind: 'answered', output: await answer };
    } catch (error) {
      if (!isAccountKeeperError(error) || error.outcome === 'unknown') return { kind: 'unknown', error };
      const { code, head } = error;
      if (code === 'CONFLICT') return { kind: 'answered', output: { kind: 'conflict', head } };
      if (code === 'ROLLED_BACK') return { kind: 'answered', output: { kind: 'rolled back', head } };
      return { kind: 'not applied', error };
    }
  }
}

async function ask(
  driver: PersistenceDriver,
  accountId: string,
  input: AccountInput,
  options: OperationOptions,
): Promise<AccountOutput> {
  switch (input.kind) {
    case 'head':
      return { kind: 'head', head: copied(await driver.head(accountId, options)) };
    case 'load':
      return { kind: 'load', stored: stateOf(await driver.load(accountId, options)) };
    case 'drop': {
      const { expected, writerId, writeId, meta } = input;
      const head = await driver.drop(accountId, { ...options, expected, writerId, writeId, meta });
      return { kind: 'head', head: copied(head) };
    }
    case 'commit': {
      const { expected, writerId, writeId, meta, upserts, deletes } = input;
      const batch = { upserts: new Map(Object.entries(upserts)), deletes: new Set(deletes) };
      const head = await driver.commit(accountId, batch, { ...options, expected, writerId, writeId, meta });
      return { kind: 'head', head: copied(head) };
    }
  }
}

function copied(head: AccountHead | undefined): AccountHead | undefined {
  return head === undefined ? undefined : { ...head };
}

/** Corrupt records stand among the others, so that the specification can never explain them. */
function stateOf(stored: StoredAccount | undefined): AccountState | undefined {
  if (stored === undefined) return undefined;
  const corrupt = [...stored.corrupt].map(([key, text]) => [`corrupt ${key}`, text] as const);
  return { head: { ...stored.head }, records: Object.fromEntries([...stored.records, ...corrupt]) };
}
