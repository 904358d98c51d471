import type { Instrument, InstrumentLookup } from '../../core/account/types/instrument.js';
import { readEntries } from '../shared/entries.js';
import { Fields } from '../shared/fields.js';

/** Options are valued in other ways, event contracts have no contract size: they are left out. */
const IS_HELD = { SPOT: true, MARGIN: true, SWAP: true, FUTURES: true, OPTION: false, EVENTS: false } as const;
const MODES = { cross: 'cross', isolated: 'isolated', cash: 'cash', spot_isolated: 'cash' } as const;

/**
 * The symbol under which an instrument's position, orders and leverage are held: the `instId`, and the mode (`mgnMode`,
 * `tdMode`) when it is isolated. OKX holds a cross and an isolated position of one instrument at the same time.
 */
export function okxSymbolKey(instId: string, mode: string): string {
  return mode === 'isolated' ? `${instId}:isolated` : instId;
}

export function symbolKeyOf(entry: Fields, mode: 'mgnMode' | 'tdMode'): string {
  return okxSymbolKey(entry.text('instId'), entry.oneOf(mode, MODES));
}

/** Whether an entry is of an instrument that is held; one of leverage does not say of which type it is. */
export function isHeld(entry: Fields): boolean {
  return entry.raw('instType') === undefined || entry.oneOf('instType', IS_HELD);
}

/** Whether sizes are amounts of a currency, and not contracts. */
export function isSpot(entry: Fields): boolean {
  return entry.raw('instType') === 'SPOT' || entry.raw('instType') === 'MARGIN';
}

export function fieldsOf(entry: object, path: string): Fields {
  return entry instanceof Fields ? entry : new Fields(entry, path);
}

/**
 * An entry of `/api/v5/public/instruments`. Sizes of SWAP and FUTURES are in contracts: `ctVal × ctMult` of the base
 * currency in linear ones, of the quote currency in inverse ones. Those of SPOT and MARGIN are in the base currency.
 */
export function mapOkxInstrument(given: object): Instrument {
  const entry = fieldsOf(given, 'instrument');
  if (isSpot(entry)) return { kind: 'spot', multiplier: 1, settleAsset: entry.text('quoteCcy') };
  const kind = entry.oneOf('ctType', { linear: 'linear', inverse: 'inverse' } as const);
  const multiplier = entry.number('ctVal') * (entry.numberIfGiven('ctMult') ?? 1);
  if (multiplier > 0 && Number.isFinite(multiplier)) return { kind, multiplier, settleAsset: entry.text('settleCcy') };
  throw entry.error('ctVal', `expected a contract size above 0, received ${multiplier}`);
}

/** Finds the instruments under all their symbol keys. One that cannot be read, or is an option, is not found. */
export function okxInstruments(entries: readonly object[]): InstrumentLookup {
  const nameOf = (entry: Fields) => entry.text('instId');
  const read = (entry: Fields) => (isHeld(entry) ? ([nameOf(entry), mapOkxInstrument(entry)] as const) : undefined);
  const byInstId = new Map<string, Instrument>(readEntries(entries, 'instruments', read, nameOf).values);
  return (symbol) => byInstId.get(symbol.replace(/:isolated$/, ''));
}
