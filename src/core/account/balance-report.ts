import { AccountKeeperError, isAccountKeeperError } from '../errors.js';
import { type Clock, systemClock } from '../shared/clock.js';
import { requireDuration } from '../shared/option-checks.js';
import { within } from '../shared/within.js';
import {
  getDepthPercentForAllPositions,
  getUnrealisedPnl,
  getUnrealisedPnlPct,
  valuedIn,
} from './math/position-math.js';
import { requireArray, requireFinite, requireObject, requireString } from './tables/value-checks.js';
import type { InstrumentLookup } from './types/instrument.js';
import type { EngineSimplePosition } from './types/position.js';

const TIMEOUT_MS = 10_000;

/** An account's balance and exposure. Values are in the quote asset. */
export interface BalanceUpdateEventData {
  balance: number;
  /** The quote asset. */
  balanceSymbol: string;
  upnlValue: number;
  /** In percent of the balance. */
  upnlPercent: number;
  /** The balance with the unrealised profit or loss. */
  upnlBalance: number;
  /** In percent of the balance. Infinite, when nothing is left of it, is `null` in the JSON. */
  depthPercent: number;
  /** Active positions, a hedged symbol counting twice. */
  leaderCount: number;
  /** Symbols with both a long and a short. */
  hedgeCount: number;
}

/** Options of a report. */
export interface ReportOptions {
  /** Rejects `ABORTED` when aborted. */
  readonly signal?: AbortSignal | undefined;
  /**
   * Rejects `TIMEOUT` after so many milliseconds without an answer.
   * @default 10000
   */
  readonly timeoutMs?: number | undefined;
  /** Gives the report's timestamp. */
  readonly clock?: Pick<Clock, 'now'> | undefined;
}

/** The part of a store that a report is made from. */
export interface BalanceReportSource {
  readonly instruments?: InstrumentLookup | undefined;
  readonly quoteAsset?: string;
  getWalletBalance(): number;
  /** By asset. */
  getWalletBalances?(): Readonly<Record<string, number>>;
  getAllPositions(): readonly Readonly<EngineSimplePosition>[];
  getTotalActivePositions(): { readonly total: number; readonly totalHedged: number };
  getSymbolLeverageCache(): Readonly<Record<string, number>>;
}

/**
 * POSTs a balance as JSON: `{ updateData, accountKey, timestamp, viewTags }`, the tags joined by commas. A user and
 * password in the URL are sent as basic authentication. Redirects are not followed.
 *
 * Rejects `INVALID_VALUE` before anything is sent; `UNAVAILABLE` when the request fails or the answer is not 2xx,
 * `TIMEOUT`, `ABORTED`; `CONFIG` for a timeout that is none.
 */
export async function reportBalanceToApi(
  url: string,
  accountId: string,
  viewTags: readonly string[],
  updateData: BalanceUpdateEventData,
  options: ReportOptions = {},
): Promise<void> {
  const { clock = systemClock, signal, timeoutMs = TIMEOUT_MS } = options;
  const target = parseTarget(url);
  requireString('accountId', accountId);
  requireArray('viewTags', viewTags);
  requireBalance(updateData);
  requireDuration('timeoutMs', timeoutMs);
  const timestamp = clock.now();
  const body = JSON.stringify({ updateData, accountKey: accountId, timestamp, viewTags: viewTags.join(',') });
  await post(target, body, timeoutMs, signal);
}

/**
 * Makes a report of a store, and sends it as {@link reportBalanceToApi} does.
 *
 * @param options a boolean, the `silent` flag of `accountstate`, is accepted and makes no difference: nothing is printed.
 */
export async function reportBalanceToServer(
  url: string,
  accountId: string,
  viewTags: readonly string[],
  store: BalanceReportSource,
  quoteAsset: string,
  options: ReportOptions | boolean = {},
): Promise<void> {
  const { instruments } = store;
  const isOther = quoteAsset !== store.quoteAsset;
  const balance = (isOther ? store.getWalletBalances?.()[quoteAsset] : undefined) ?? store.getWalletBalance();
  const positions = valuedIn(quoteAsset, store.getAllPositions(), instruments).valued;
  const leverage = store.getSymbolLeverageCache();
  const { total, totalHedged } = store.getTotalActivePositions();
  const upnlValue = getUnrealisedPnl(positions);
  const updateData: BalanceUpdateEventData = {
    balance,
    balanceSymbol: quoteAsset,
    upnlValue,
    upnlPercent: getUnrealisedPnlPct(positions, balance),
    upnlBalance: balance + upnlValue,
    depthPercent: getDepthPercentForAllPositions(positions, balance, leverage, quoteAsset, instruments),
    leaderCount: total,
    hedgeCount: totalHedged,
  };
  await reportBalanceToApi(url, accountId, viewTags, updateData, typeof options === 'object' ? options : {});
}

interface Target {
  readonly url: URL;
  readonly headers: Record<string, string>;
}

/** `fetch` takes no URL with credentials, and would name them in its error. */
function parseTarget(text: string): Target {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || (url.protocol !== 'http:' && url.protocol !== 'https:')) {
    throw new AccountKeeperError('INVALID_VALUE', 'url: expected a URL that begins with http:// or https://');
  }
  const headers: Record<string, string> = { 'content-type': 'application/json' };
  if (url.username !== '' || url.password !== '') {
    const credentials = `${decodeComponent(url.username)}:${decodeComponent(url.password)}`;
    headers['authorization'] = `Basic ${Buffer.from(credentials).toString('base64')}`;
    url.username = '';
    url.password = '';
  }
  return { url, headers };
}

/** As it is when it holds a `%` that begins no escape. */
function decodeComponent(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function requireBalance(data: BalanceUpdateEventData): void {
  requireObject('updateData', data);
  requireFinite('updateData.balance', data.balance);
  requireString('updateData.balanceSymbol', data.balanceSymbol);
  requireFinite('updateData.upnlValue', data.upnlValue);
  requireFinite('updateData.upnlPercent', data.upnlPercent);
  requireFinite('updateData.upnlBalance', data.upnlBalance);
  if (data.depthPercent !== Number.POSITIVE_INFINITY) requireFinite('updateData.depthPercent', data.depthPercent);
  requireFinite('updateData.leaderCount', data.leaderCount);
  requireFinite('updateData.hedgeCount', data.hedgeCount);
}

async function post({ url, headers }: Target, body: string, timeoutMs: number, signal?: AbortSignal): Promise<void> {
  if (signal?.aborted === true) throw new AccountKeeperError('ABORTED', 'the balance report was aborted');
  const controller = new AbortController();
  const request = { method: 'POST', headers, body, redirect: 'manual', signal: controller.signal } as const;
  try {
    await within({ clock: systemClock, doing: 'the balance report', timeoutMs, signal }, async () => {
      const response = await fetch(url, request);
      await response.body?.cancel();
      if (!response.ok) throw failure(`the balance report was answered with status ${response.status}`);
    });
  } catch (thrown) {
    throw isAccountKeeperError(thrown) ? thrown : failure('the balance report could not be sent', thrown);
  } finally {
    controller.abort();
  }
}

/** Whether the server took the report is not known. */
function failure(message: string, cause?: unknown): AccountKeeperError {
  return new AccountKeeperError('UNAVAILABLE', message, { outcome: 'unknown', cause });
}
