import { invalidValue, requireKeyOf, requireName, requireObject } from './tables/value-checks.js';
import type { InstrumentLookup } from './types/instrument.js';

const KINDS = { linear: 'linear', inverse: 'inverse', quanto: 'quanto', spot: 'spot' };

/** The caller's look-up, with its answers checked: it throws `INVALID_VALUE` for one that is no instrument. */
export function checkedInstruments(lookUp: InstrumentLookup): InstrumentLookup {
  return (symbol) => {
    const instrument = lookUp(symbol) ?? undefined;
    if (instrument === undefined) return undefined;
    const name = `instruments(${JSON.stringify(symbol)})`;
    requireObject(name, instrument);
    const { kind, multiplier, settleAsset } = instrument;
    requireKeyOf(`${name}.kind`, kind, KINDS);
    if (!(Number.isFinite(multiplier) && multiplier > 0)) {
      throw invalidValue(`${name}.multiplier`, multiplier, 'a finite number above 0');
    }
    requireName(`${name}.settleAsset`, settleAsset);
    return instrument;
  };
}
