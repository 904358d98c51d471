import type { AccountRules } from './account-rules.js';
import { RecordMap, RecordTable } from './record-table.js';
import type { TableContext } from './table-context.js';
import { requireFinite, requireFiniteIfGiven, requireName, requireObject, withoutUnknown } from './value-checks.js';

const WALLET_KEY = 'balance/wallet';
const ASSET_PREFIX = 'balance/asset/';

interface Balance {
  readonly balance: number;
  /** In exchange time; absent when it is not known. */
  readonly asOfMs?: number | undefined;
}

/** In the quote asset. */
interface Wallet extends Balance {
  readonly previousBalance: number;
}

/** The wallet balances: that of the quote asset, with the one that was set aside before, and those of other assets. */
export class BalanceTable extends RecordTable {
  readonly name = 'balance';
  readonly #wallet = new RecordMap<Wallet>(this.context, WALLET_KEY);
  readonly #byAsset = new RecordMap<Balance>(this.context, ASSET_PREFIX);
  protected readonly maps: readonly RecordMap<unknown>[] = [this.#wallet, this.#byAsset];
  readonly quoteAsset: string;
  readonly #rejectStale: boolean;
  readonly #isStrict: boolean;

  constructor(context: TableContext, quoteAsset: string, { rejectStale, entries }: AccountRules) {
    super(context);
    this.quoteAsset = quoteAsset;
    this.#rejectStale = rejectStale;
    this.#isStrict = entries === 'exchange';
  }

  get previousBalance(): number {
    return this.#wallet.get('')?.previousBalance ?? 0;
  }

  /** 0 for an asset that was never set. */
  get(asset: string = this.quoteAsset): number {
    return this.#held(asset)?.balance ?? 0;
  }

  /** The assets that were set, and their balances. */
  all(): Record<string, number> {
    const balances: Record<string, number> = Object.create(null);
    const wallet = this.#wallet.get('');
    if (wallet !== undefined) balances[this.quoteAsset] = wallet.balance;
    for (const [asset, { balance }] of this.#byAsset.entries()) balances[asset] = balance;
    return balances;
  }

  /** @param asOfMs exchange time. What is older than the balance that is held is ignored. */
  set(balance: number, asset: string = this.quoteAsset, asOfMs?: number): void {
    this.#requireNumber('balance', balance);
    requireName('asset', asset);
    requireFiniteIfGiven('asOfMs', asOfMs);
    this.assertWritable();
    const held = this.#held(asset);
    if (this.#rejectStale && asOfMs !== undefined && held?.asOfMs !== undefined && asOfMs < held.asOfMs) return;
    // One without a time leaves the time that is known.
    const next = balanceOf(balance, asOfMs ?? held?.asOfMs);
    const isWallet = asset === this.quoteAsset;
    if (isWallet) this.#wallet.set('', Object.freeze({ ...next, previousBalance: this.previousBalance }));
    else this.#byAsset.set(asset, Object.freeze(next));
    // That it is known for a later time is not worth a write.
    if (held?.balance !== balance) this.context.markChanged('balance', isWallet ? WALLET_KEY : ASSET_PREFIX + asset);
  }

  /** The exchange time of the balance that is held, where it is known. */
  knownMs(asset: string): number | undefined {
    return this.#held(asset)?.asOfMs;
  }

  /** Sets a balance aside, by default that of now. */
  storePrevious(previousBalance: number = this.get()): void {
    this.#requireNumber('balance', previousBalance);
    this.assertWritable();
    const { balance, asOfMs } = this.#wallet.get('') ?? { balance: 0 };
    this.#wallet.set('', Object.freeze({ ...balanceOf(balance, asOfMs), previousBalance }));
    this.context.markChanged('balance', WALLET_KEY);
  }

  protected override persisted(value: object): unknown {
    return this.#isStrict ? value : withoutUnknown(value);
  }

  protected checked(_key: string, value: unknown, map: RecordMap<unknown>): Balance {
    requireObject('wallet', value);
    const unknown = this.#isStrict ? undefined : Number.NaN;
    const { balance = unknown, previousBalance = unknown, asOfMs } = value as Partial<Wallet>;
    this.#requireNumber('wallet.balance', balance);
    requireFiniteIfGiven('wallet.asOfMs', asOfMs);
    const known = balanceOf(balance, asOfMs);
    if (map !== this.#wallet) return Object.freeze(known);
    this.#requireNumber('wallet.previousBalance', previousBalance);
    return Object.freeze({ ...known, previousBalance });
  }

  #requireNumber(field: string, value: unknown): asserts value is number {
    if (this.#isStrict || typeof value !== 'number') requireFinite(field, value);
  }

  #held(asset: string): Balance | undefined {
    return asset === this.quoteAsset ? this.#wallet.get('') : this.#byAsset.get(asset);
  }
}

function balanceOf(balance: number, asOfMs: number | undefined): Balance {
  return asOfMs === undefined ? { balance } : { balance, asOfMs };
}
