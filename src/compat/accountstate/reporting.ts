import type { BalanceUpdateEventData } from '../../core/account/balance-report.js';
import { invalidValue } from '../../core/account/tables/value-checks.js';
import { systemClock } from '../../core/shared/clock.js';
import { getDepthPercentForAllPositions, getUnrealisedPnl, getUnrealsedPnlPct } from './depth.js';
import type { AccountStateStore } from './store.js';

/** The part of a store that a report is made from. */
type Reported = Pick<
  AccountStateStore<object>,
  'getAllPositions' | 'getSymbolLeverageCache' | 'getTotalActivePositions' | 'getWalletBalance'
>;

/** What `accountstate` asks of `fetch`. */
const REQUEST = {
  method: 'POST',
  credentials: 'same-origin',
  headers: { 'Content-type': 'application/json' },
  redirect: 'follow',
  referrerPolicy: 'no-referrer',
} as const;

/**
 * POSTs a balance as JSON. Resolves also when the server could not be reached or refused the report, so that nobody needs
 * to await it; the main entry's function of this name rejects then. Prints nothing, silent or not.
 *
 * Rejects `INVALID_VALUE` when the balance is no number.
 */
export async function reportBalanceToApi(
  url: string,
  accountId: string,
  accountViewTags: readonly string[],
  updateData: BalanceUpdateEventData,
  _silent?: boolean,
): Promise<void> {
  const { balance } = updateData;
  if (typeof balance !== 'number' || Number.isNaN(balance)) throw invalidValue('balance', balance, 'a number');
  const viewTags = accountViewTags.join(',');
  const report = { updateData, accountKey: accountId, timestamp: systemClock.now(), viewTags };
  try {
    const response = await fetch(url, { ...REQUEST, body: JSON.stringify(report) });
    await response.text();
  } catch {
    // The report is lost; the next one has newer numbers.
  }
}

/** Makes a report of a store, and sends it as {@link reportBalanceToApi} does. */
export async function reportBalanceToServer(
  url: string,
  accountId: string,
  accountViewTags: readonly string[],
  state: Reported,
  quoteBalanceAsset: string,
  silent?: boolean,
): Promise<void> {
  const { total, totalHedged } = state.getTotalActivePositions();
  const balance = state.getWalletBalance();
  const positions = state.getAllPositions();
  const upnlValue = getUnrealisedPnl(positions);
  const report: BalanceUpdateEventData = {
    balance,
    balanceSymbol: quoteBalanceAsset,
    leaderCount: total,
    hedgeCount: totalHedged,
    upnlBalance: balance + upnlValue,
    depthPercent: getDepthPercentForAllPositions(positions, balance, state.getSymbolLeverageCache(), quoteBalanceAsset),
    upnlPercent: getUnrealsedPnlPct(positions, balance),
    upnlValue,
  };
  return reportBalanceToApi(url, accountId, accountViewTags, report, silent);
}
