import { describe, expect, it } from 'vitest';
import { parseExchangeJson } from '../../../src/exchanges/shared/exchange-json.js';
import { ExchangeMessageError, Fields } from '../../../src/exchanges/shared/fields.js';

function errorOf(read: () => unknown): ExchangeMessageError {
  try {
    read();
  } catch (error) {
    if (error instanceof ExchangeMessageError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

describe('Fields.number', () => {
  it.each([
    ['12.5', 12.5],
    ['-0.002', -0.002],
    ['.5', 0.5],
    ['1e-7', 1e-7],
    [42, 42],
  ])('reads %j', (value, expected) => {
    expect(new Fields({ size: value }, 'position').number('size')).toBe(expected);
  });

  it.each(['', ' 1', '1,5', '0x10', 'NaN', 'Infinity', '1e999', null, undefined, true, [], {}, Number.NaN])(
    'names the field when it is %j',
    (value) => {
      expect(errorOf(() => new Fields({ size: value }, 'position').number('size')).field).toBe('position.size');
    },
  );

  it('does not read inherited properties', () => {
    expect(errorOf(() => new Fields({}, 'position').oneOf('constructor', {})).field).toBe('position.constructor');
  });
});

describe('Fields.numberIfGiven', () => {
  it.each(['', null, undefined])('has no number for %j', (value) => {
    expect(new Fields({ price: value }, 'order').numberIfGiven('price')).toBeUndefined();
  });

  it('is as strict as number for anything else', () => {
    expect(errorOf(() => new Fields({ price: 'none' }, 'order').numberIfGiven('price')).field).toBe('order.price');
  });
});

describe('Fields.oneOf', () => {
  it('knows the entries of the table, and nothing that the table inherits', () => {
    const fields = new Fields({ status: 'New', other: 'toString' }, 'order');

    expect(fields.oneOf('status', { New: 'NEW' })).toBe('NEW');
    expect(errorOf(() => fields.oneOf('other', { New: 'NEW' })).field).toBe('order.other');
  });
});

describe('Fields', () => {
  it.each([
    ['text', ''],
    ['text', 5],
    ['id', Number.MAX_SAFE_INTEGER + 1],
    ['id', 1.5],
    ['list', {}],
    ['object', []],
  ] as const)('%s refuses %j', (method, value) => {
    expect(errorOf(() => new Fields({ field: value }, 'message')[method]('field')).field).toBe('message.field');
  });

  it('names the element of a list', () => {
    const fields = new Fields({ data: [{ size: '1' }, { size: '' }] }, 'message');

    expect(errorOf(() => fields.list('data').map((item) => item.number('size'))).field).toBe('message.data[1].size');
  });
});

describe('parseExchangeJson', () => {
  it('keeps every digit of a long id', () => {
    expect(parseExchangeJson('{"i":8389770000000000001,"j":[-8389770000000000002]}')).toEqual({
      i: '8389770000000000001',
      j: ['-8389770000000000002'],
    });
  });

  it('leaves short numbers, fractions and texts alone', () => {
    const text =
      '{"time":1748994000000,"price":0.1234567890123456789,"big":1234567890123456789e2,"c":"a \\"8389770000000000001"}';

    expect(parseExchangeJson(text)).toEqual(JSON.parse(text));
  });
});
