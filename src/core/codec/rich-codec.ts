import { defaultStringifyOperations, type ParseOptions, parse, type StringifyOptions, stringify } from 'devalue';
import { codecOf } from './codec-of.js';
import type { Codec } from './record-codec.js';
import { RichCheck } from './rich-check.js';

/**
 * Keeps `Date` (also an invalid one), `BigInt`, `Map`, `Set`, `NaN`, `±Infinity`, −0 and `undefined` as they are, and
 * objects that are met twice or hold themselves. Functions, symbols, class instances and sparse arrays are refused with
 * their path.
 */
export const richCodec: Codec = codecOf('rich', encode, (text) => parse(text, undefined, PARSE_OPTIONS));

function encode(value: unknown): string {
  new RichCheck().check(value);
  return stringify(value, undefined, STRINGIFY_OPTIONS);
}

/** The key that devalue refuses, because assigning it would set a prototype. It travels escaped. */
const PROTO = '__proto__';
const MAYBE_ESCAPED = /^\\*__proto__$/;

const STRINGIFY_OPTIONS: StringifyOptions = {
  operations: {
    shapeOf: (value) => {
      const shape = defaultStringifyOperations.shapeOf(value);
      return 'keys' in shape ? { ...shape, keys: shape.keys.map(escapeKey) } : shape;
    },
    get: (value, key) => value[typeof key === 'string' ? unescapeKey(key) : key],
  },
};

/** Only what `encode` writes is built: a text from elsewhere must not choose what else to construct. */
const PARSE_OPTIONS: ParseOptions = {
  operations: {
    fromISOString: (text) => {
      const date = new Date(text);
      if (text !== '' && date.toISOString() !== text) throw new TypeError('not a date as the codec writes it');
      return date;
    },
    set: (target, key, value) => {
      if (typeof key !== 'string') target[key] = value;
      else
        Object.defineProperty(target, unescapeKey(key), {
          value,
          writable: true,
          enumerable: true,
          configurable: true,
        });
    },
    box: refuseToBuild,
    createSparseArray: refuseToBuild,
    fromArrayBuffer: refuseToBuild,
    fromRegExpInfo: refuseToBuild,
    fromStringValue: refuseToBuild,
    fromViewInfo: refuseToBuild,
  },
};

function escapeKey(key: string): string {
  return key.endsWith(PROTO) && MAYBE_ESCAPED.test(key) ? `\\${key}` : key;
}

function unescapeKey(key: string): string {
  return key.endsWith(PROTO) && MAYBE_ESCAPED.test(key) ? key.slice(1) : key;
}

function refuseToBuild(): never {
  throw new TypeError('a type that the codec does not write');
}
