import type { RecordTable } from './change-sink.js';
import { JournaledMap } from './journaled-map.js';
import type { TableContext } from './table-context.js';
import { invalidValue, requireFinite, requireObject } from './value-checks.js';

const WALLET_KEY = 'balance/wallet';

/** In the quote currency. */
interface Wallet {
  readonly balance: number;
  readonly previousBalance: number;
}

const EMPTY: Wallet = Object.freeze({ balance: 0, previousBalance: 0 });

/** The wallet balance, and the one that was set aside before. */
export class BalanceTable implements RecordTable {
  readonly name = 'balance';
  readonly #context: TableContext;
  readonly #wallet: JournaledMap<typeof WALLET_KEY, Wallet>;

  constructor(context: TableContext) {
    this.#context = context;
    this.#wallet = new JournaledMap(context);
  }

  get balance(): number {
    return this.#current().balance;
  }

  get previousBalance(): number {
    return this.#current().previousBalance;
  }

  /** @throws `INVALID_VALUE` */
  set(balance: number): void {
    requireFinite('balance', balance);
    this.#put({ balance, previousBalance: this.previousBalance });
  }

  /** Sets the balance of now aside. */
  storePrevious(): void {
    this.#put({ balance: this.balance, previousBalance: this.balance });
  }

  owns(recordKey: string): boolean {
    return recordKey === WALLET_KEY;
  }

  recordKeys(): Iterable<string> {
    return this.#wallet.keys();
  }

  recordValue(recordKey: string): unknown {
    return this.owns(recordKey) ? this.#wallet.get(WALLET_KEY) : undefined;
  }

  restoreRecord(recordKey: string, value: unknown): void {
    if (!this.owns(recordKey)) throw invalidValue('record key', recordKey, WALLET_KEY);
    requireObject('wallet', value);
    const { balance, previousBalance } = value as Wallet;
    requireFinite('wallet.balance', balance);
    requireFinite('wallet.previousBalance', previousBalance);
    this.#wallet.set(WALLET_KEY, Object.freeze({ balance, previousBalance }));
  }

  forgetRecord(recordKey: string): void {
    if (this.owns(recordKey)) this.#wallet.delete(WALLET_KEY);
  }

  #current(): Wallet {
    return this.#wallet.get(WALLET_KEY) ?? EMPTY;
  }

  #put(wallet: Wallet): void {
    this.#context.assertWritable('balance');
    this.#wallet.set(WALLET_KEY, Object.freeze(wallet));
    this.#context.changed('balance', WALLET_KEY);
  }
}
