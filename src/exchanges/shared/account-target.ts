import type { AccountState } from '../../core/account/account-state.js';

/** The part of a store that the adapters use. */
export type AccountTarget = Pick<
  AccountState,
  | 'deleteActivePosition'
  | 'deleteOrder'
  | 'getActivePosition'
  | 'getOrder'
  | 'getSymbolLeverage'
  | 'getSymbolLeverageCache'
  | 'getWalletBalances'
  | 'processPriceEvent'
  | 'reconcile'
  | 'setActivePosition'
  | 'setSymbolLeverage'
  | 'setWalletBalance'
  | 'transaction'
  | 'upsertActiveOrder'
>;
