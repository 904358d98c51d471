import { isAccountKeeperError } from '../../core/errors.js';
import type { HeadSwap } from './backend-connection.js';
import type { AccountKeys } from './key-layout.js';
import { EndingOperation } from './operation/ending-operation.js';
import type { Operation } from './operation/operation.js';

/** The change of one account, and the operation that waits for it. */
export interface AccountSwap {
  readonly account: AccountKeys;
  readonly change: HeadSwap;
  readonly operation: Operation;
}

/**
 * What became of one change of a group: it is durable; another head is stored than the expected one; or it was left
 * out, because another transaction holds the account's head.
 */
export type SwapResult = 'swapped' | 'differs' | 'busy';

/** How a backend makes changes, and how many at a time. */
export interface GroupCommitParts {
  /**
   * Makes the changes in one transaction, each on its own condition and without waiting for a lock of one account. No
   * account is named twice. Rejects when the transaction as a whole failed.
   *
   * @param operation Ends when nobody waits for any of the changes any more.
   */
  readonly together: (swaps: readonly AccountSwap[], operation: Operation) => Promise<readonly SwapResult[]>;
  /** Makes one change, and may wait for a lock. */
  readonly alone: (swap: AccountSwap) => Promise<boolean>;
  /** Whether a change never goes with others. */
  readonly goesAlone: (change: HeadSwap) => boolean;
  /** Whether one change may be the reason of an error of {@link together}, and nothing was written. */
  readonly mayBeOfOne: (error: unknown) => boolean;
  /** How many groups may be on their way. */
  readonly groups: number;
  /** How many changes may be on their way alone. */
  readonly singles: number;
}

/** How many accounts, and how many characters of keys and texts, go in one group. Whatever is larger goes by itself. */
const MAX_ACCOUNTS = 500;
const MAX_CHARACTERS = 1_000_000;

interface Ticket extends AccountSwap {
  readonly resolve: (swapped: boolean) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Group commit over accounts. A change that finds nothing on its way goes at once, with those of the same turn of the event
 * loop; what comes meanwhile goes with the next group. Nobody waits for others to come.
 *
 * No account spoils it for others: a group that is refused is halved until the one at fault is by itself. An account
 * that is left out of a group, or whose group or change failed, goes alone, beside the groups, until that succeeds.
 */
export class GroupCommit {
  readonly #parts: GroupCommitParts;
  readonly #waiting: Ticket[] = [];
  readonly #waitingAlone: Ticket[] = [];
  /** The ids of accounts that go alone next. */
  readonly #suspects = new Set<string>();
  /** How many are on their way. */
  readonly #running = { groups: 0, singles: 0 };
  #isScheduled = false;

  constructor(parts: GroupCommitParts) {
    this.#parts = parts;
  }

  /** As {@link BackendConnection.swap}. */
  swap(account: AccountKeys, change: HeadSwap, operation: Operation): Promise<boolean> {
    return new Promise((resolve, reject) => {
      const isAlone = this.#suspects.has(account.id) || this.#parts.goesAlone(change);
      const queue = isAlone ? this.#waitingAlone : this.#waiting;
      queue.push({ account, change, operation, resolve, reject });
      if (this.#isScheduled) return;
      this.#isScheduled = true;
      // After all promises that are settled now: whatever was committed in the same turn has arrived by then.
      process.nextTick(() => {
        this.#isScheduled = false;
        this.#next();
      });
    });
  }

  #next(): void {
    const { groups, singles } = this.#parts;
    while (this.#running.groups < groups && this.#waiting.length > 0) {
      this.#run('groups', this.#sendTogether(this.#takeGroup()));
    }
    while (this.#running.singles < singles) {
      const ticket = this.#waitingAlone.shift();
      if (ticket === undefined) return;
      this.#run('singles', this.#sendAlone(ticket));
    }
  }

  #run(kind: 'groups' | 'singles', sending: Promise<void>): void {
    this.#running[kind] += 1;
    const left = (): void => {
      this.#running[kind] -= 1;
      this.#next();
    };
    sending.then(left, left);
  }

  /** Takes the oldest changes. A second change of an account, whose first one was given up, stays for the next group. */
  #takeGroup(): readonly Ticket[] {
    const group = new Map<string, Ticket>();
    let characters = 0;
    let taken = 0;
    for (const ticket of this.#waiting) {
      characters += charactersOf(ticket.change);
      const isFull = group.size >= MAX_ACCOUNTS || (group.size > 0 && characters > MAX_CHARACTERS);
      if (isFull || group.has(ticket.account.id)) break;
      group.set(ticket.account.id, ticket);
      taken += 1;
    }
    this.#waiting.splice(0, taken);
    return [...group.values()];
  }

  async #sendTogether(tickets: readonly Ticket[]): Promise<void> {
    const group = tickets.filter(isAwaited);
    if (group.length === 0) return;
    const shared = new SharedOperation(group);
    try {
      const results = await this.#parts.together(group, shared);
      group.forEach((ticket, index) => {
        this.#settle(ticket, results[index]);
      });
    } catch (error) {
      if (group.length > 1 && this.#parts.mayBeOfOne(error)) {
        const middle = group.length >> 1;
        await this.#sendTogether(group.slice(0, middle));
        await this.#sendTogether(group.slice(middle));
        return;
      }
      for (const ticket of group) this.#fail(ticket, error);
    } finally {
      shared.release();
    }
  }

  async #sendAlone(ticket: Ticket): Promise<void> {
    if (!isAwaited(ticket)) return;
    try {
      const swapped = await this.#parts.alone(ticket);
      this.#suspects.delete(ticket.account.id);
      ticket.resolve(swapped);
    } catch (error) {
      this.#fail(ticket, error);
    }
  }

  #settle(ticket: Ticket, result: SwapResult | undefined): void {
    if (result === 'swapped' || result === 'differs') ticket.resolve(result === 'swapped');
    else this.#waitingAlone.push(ticket);
  }

  /** What failed without having been sent says nothing about the account. */
  #fail(ticket: Ticket, error: unknown): void {
    const isOfAll = isAccountKeeperError(error) && error.outcome === 'not-applied' && !this.#parts.mayBeOfOne(error);
    if (!isOfAll) this.#suspects.add(ticket.account.id);
    ticket.reject(error);
  }
}

/** One operation for a group. It ends with the last of its members' operations. */
class SharedOperation extends EndingOperation {
  readonly #leave: readonly (() => void)[];
  #active: number;

  constructor(members: readonly AccountSwap[]) {
    super('write');
    this.#active = members.length;
    this.#leave = members.map(({ operation }) => operation.onEnd(() => this.#without(operation)));
  }

  /** Listens to the members no longer. */
  release(): void {
    for (const leave of this.#leave) leave();
  }

  #without(last: Operation): void {
    this.#active -= 1;
    if (this.#active === 0) this.end(reasonOf(last));
  }
}

/** Whether somebody waits for the change; who gave up is told the reason, in case it was not. */
function isAwaited({ operation, reject }: Ticket): boolean {
  const reason = reasonOf(operation);
  if (reason === undefined) return true;
  reject(reason);
  return false;
}

function reasonOf(operation: Operation): unknown {
  try {
    operation.assertActive();
    return undefined;
  } catch (reason) {
    return reason;
  }
}

function charactersOf({ next, upserts, deletes }: HeadSwap): number {
  let characters = next.length;
  for (const [key, text] of upserts) characters += key.length + text.length;
  for (const key of deletes) characters += key.length;
  return characters;
}
