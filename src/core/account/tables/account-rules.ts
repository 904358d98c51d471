/** How the tables of the exchange's entries judge what they are given. */
export interface AccountRules {
  /** Whether they ignore what is older, by exchange time, than what is held or known to have ended. */
  readonly rejectStale: boolean;
  /**
   * `exchange`: what cannot be is refused, what an update leaves out is kept where it still holds, a position in one-way
   * mode is its symbol's only one, and an order that has ended stays so. `accountstate`: the newest call counts.
   */
  readonly entries: 'exchange' | 'accountstate';
}

export const EXCHANGE_RULES: AccountRules = { rejectStale: true, entries: 'exchange' };
