import { RecordTable } from './record-table.js';
import { requireFinite, requireObject } from './value-checks.js';

const WALLET_KEY = 'balance/wallet';

/** In the quote currency. */
interface Wallet {
  readonly balance: number;
  readonly previousBalance: number;
}

const EMPTY: Wallet = Object.freeze({ balance: 0, previousBalance: 0 });

/** The wallet balance, and the one that was set aside before. */
export class BalanceTable extends RecordTable {
  readonly name = 'balance';
  readonly #wallet = this.recordMap<Wallet>(WALLET_KEY);

  get balance(): number {
    return (this.#wallet.get('') ?? EMPTY).balance;
  }

  get previousBalance(): number {
    return (this.#wallet.get('') ?? EMPTY).previousBalance;
  }

  set(balance: number): void {
    requireFinite('balance', balance);
    this.#put({ balance, previousBalance: this.previousBalance });
  }

  /** Sets the balance of now aside. */
  storePrevious(): void {
    this.#put({ balance: this.balance, previousBalance: this.balance });
  }

  protected checked(_key: string, value: unknown): Wallet {
    requireObject('wallet', value);
    const { balance, previousBalance } = value as Wallet;
    requireFinite('wallet.balance', balance);
    requireFinite('wallet.previousBalance', previousBalance);
    return Object.freeze({ balance, previousBalance });
  }

  #put(wallet: Wallet): void {
    this.assertWritable();
    this.#wallet.set('', Object.freeze(wallet));
    this.context.markChanged('balance', WALLET_KEY);
  }
}
