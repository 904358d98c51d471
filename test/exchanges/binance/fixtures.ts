import { readdirSync, readFileSync } from 'node:fs';
import { AccountStateStore } from '../../../src/core/store/account-state-store.js';
import {
  applyBinanceMessage,
  applyBinanceResponse,
  type BinanceRequest,
  type BinanceResponseOptions,
  binanceInstruments,
  type MessageOutcome,
} from '../../../src/exchanges/binance/index.js';

/** A message of the stream, or a response to a request. */
export type Step =
  | { readonly message: unknown }
  | { readonly request: BinanceRequest; readonly response: unknown; readonly options: BinanceResponseOptions };

/** What the store holds. A part that is left out is empty. */
export interface Held {
  readonly positions?: readonly object[];
  readonly orders?: readonly object[];
  readonly balances?: object;
  readonly leverage?: object;
}

/** A step, what came before it, and what is to come of it. */
export interface Case {
  readonly name: string;
  readonly given?: readonly Step[];
  readonly when: Step;
  readonly then: Held & { readonly outcome: object };
}

const FOLDER = new URL('../fixtures/binance/', import.meta.url);
const TEMPLATES = 'templates.json';
const templates: Readonly<Record<string, object>> = read(TEMPLATES);

/** The cases of all files of the folder, by file. */
export const CASES: readonly (readonly [file: string, cases: readonly Case[]])[] = readdirSync(FOLDER)
  .filter((file) => file.endsWith('.json') && file !== TEMPLATES)
  .map((file) => [file, filledIn(read<{ cases: readonly Case[] }>(file)).cases]);

/** A message or an entry of `templates.json`, with other values. */
export function like(template: string, values: object = {}): object {
  return filledIn({ ...values, like: template });
}

/** A store that knows a few instruments of Binance. */
export function newStore(): AccountStateStore {
  const usdm = ['BTC', 'ETH'].map((coin) => ({ symbol: `${coin}USDT`, baseAsset: coin, marginAsset: 'USDT' }));
  const coinm = { symbol: 'BTCUSD_PERP', baseAsset: 'BTC', marginAsset: 'BTC', contractSize: 100 };
  return new AccountStateStore({ instruments: binanceInstruments([...usdm, coinm]) });
}

/** Applies a step; `rename` changes a message before. */
export function applyStep(
  store: AccountStateStore,
  step: Step,
  rename = (message: unknown) => message,
): MessageOutcome {
  if ('message' in step) return applyBinanceMessage(store, rename(step.message));
  return applyBinanceResponse(store, step.request, step.response, step.options);
}

/** What the store holds, in an order that does not depend on how it came. */
export function heldBy(store: AccountStateStore): Required<Held> {
  const byKey = <Value>(list: readonly Value[], keyOf: (value: Value) => string): readonly Value[] =>
    list.toSorted((one, other) => (keyOf(one) < keyOf(other) ? -1 : 1));
  return {
    positions: byKey(store.getAllPositions(), ({ symbol, positionSide }) => `${symbol} ${positionSide}`),
    orders: byKey(store.getOrders(), ({ exchangeOrderId }) => exchangeOrderId),
    balances: { ...store.getWalletBalances() },
    leverage: { ...store.getSymbolLeverageCache() },
  };
}

function read<Content>(file: string): Content {
  return JSON.parse(readFileSync(new URL(file, FOLDER), 'utf8'));
}

/** The value with each `{ like, …values }` replaced by the template of that name, of which `values` are other. */
function filledIn<Value>(value: Value): Value;
function filledIn(value: unknown): unknown {
  if (Array.isArray(value)) return value.map((item) => filledIn<unknown>(item));
  if (!isObject(value)) return value;
  const { like: template, without, ...rest } = value;
  const filled = Object.fromEntries(Object.entries(rest).map(([name, each]) => [name, filledIn<unknown>(each)]));
  if (typeof template !== 'string') return filled;
  const merged = mergedWith(templates[template], filled);
  return Object.fromEntries(
    Object.entries(merged).filter(([name]) => !(Array.isArray(without) && without.includes(name))),
  );
}

function mergedWith(base: unknown, values: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const merged: Record<string, unknown> = isObject(base) ? { ...base } : {};
  for (const [name, value] of Object.entries(values)) {
    merged[name] = isObject(value) && isObject(merged[name]) ? mergedWith(merged[name], value) : value;
  }
  return merged;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
