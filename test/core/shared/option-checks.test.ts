import { describe, expect, it } from 'vitest';
import {
  abortSignal,
  callback,
  complete,
  duration,
  flag,
  oneOf,
  readOptions,
  text,
  wholeNumber,
} from '../../../src/core/shared/option-checks.js';
import { HOSTILE_VALUES } from '../../support/hostile-values.js';

const CHECKS = {
  isFast: flag,
  retries: wholeNumber(1),
  waitMs: duration(),
  side: oneOf(['left', 'right']),
  onEnd: callback(),
  signal: abortSignal,
  inner: complete({ size: wholeNumber(0), name: text }),
};

function failure(given: unknown): { readonly code: string; readonly message: string } {
  try {
    readOptions('thing', CHECKS, given);
  } catch (thrown) {
    return thrown as { readonly code: string; readonly message: string };
  }
  throw new Error('the options were taken');
}

describe('readOptions()', () => {
  it('copies what is given and leaves out what is undefined', () => {
    const { signal } = new AbortController();
    const onEnd = (): void => undefined;
    const given = { isFast: false, retries: 2, waitMs: 0.5, side: 'left', onEnd, signal, inner: { size: 0, name: '' } };
    expect(readOptions('thing', CHECKS, { ...given, waitMs: undefined })).toEqual({
      isFast: false,
      retries: 2,
      side: 'left',
      onEnd,
      signal,
      inner: { size: 0, name: '' },
    });
    expect(readOptions('thing', CHECKS, given).inner).not.toBe(given.inner);
    expect(readOptions('thing', CHECKS, undefined)).toEqual({});
  });

  it('shows no credentials of a URL that stands where it should not', () => {
    const checks = { retries: wholeNumber(1, 9), side: oneOf(['left', 'right']) };
    for (const given of [{ retries: 'me:hunter2@host' }, { side: 'db://me:hunter2@host' }, { 'me:hunter2@host': 1 }]) {
      expect(() => readOptions('thing', checks, given)).toThrow(expect.objectContaining({ code: 'CONFIG' }));
      expect(() => readOptions('thing', checks, given)).not.toThrow(/hunter2/);
    }
    expect(() => readOptions('thing', checks, { retries: 10 })).toThrow('an integer from 1 to 9, received 10');
  });

  it('takes options that are inherited', () => {
    expect(readOptions('thing', CHECKS, Object.create({ isFast: true }))).toEqual({ isFast: true });
  });

  it('reads each option once', () => {
    let reads = 0;
    const given = {
      get retries() {
        reads += 1;
        return reads;
      },
    };
    expect(readOptions('thing', CHECKS, given)).toEqual({ retries: 1 });
  });

  it.each([
    { isFast: 1 },
    { isFast: null },
    { retries: 0 },
    { retries: 1.5 },
    { retries: '1' },
    { retries: 2 ** 53 },
    { waitMs: -1 },
    { waitMs: Number.NaN },
    { waitMs: 2 ** 31 },
    { side: 'up' },
    { onEnd: {} },
    { signal: {} },
  ])('refuses %o, and names it', (given) => {
    const { code, message } = failure(given);
    expect(code).toBe('CONFIG');
    expect(message.split(':')[0]).toBe(`thing.${Object.keys(given)[0]}`);
  });

  it.each([null, 7, 'text', true, Symbol('s'), [[]], () => undefined])('refuses %s instead of an object', (given) => {
    expect(failure(given).code).toBe('CONFIG');
  });

  it('refuses what only looks like a signal', () => {
    expect(failure({ signal: Object.create(AbortSignal.prototype) }).code).toBe('CONFIG');
  });

  it('names the path of an inner option', () => {
    expect(failure({ inner: { size: -1 } }).message.split(':')[0]).toBe('thing.inner.size');
    expect(failure({ inner: { size: 1 } }).message.split(':')[0]).toBe('thing.inner.name');
    expect(failure({ inner: { sise: 1 } }).message.split(':')[0]).toBe('thing.inner');
  });

  it.each([
    ['retrys', 'retries'],
    ['waitms', 'waitMs'],
    ['wait', 'waitMs'],
    ['onend', 'onEnd'],
  ])('asks whether %s was meant to be %s', (name, meant) => {
    expect(failure({ [name]: 1 }).message).toContain(`did you mean ${JSON.stringify(meant)}`);
  });

  it('does not guess what is far from every option', () => {
    const { code, message } = failure({ colour: 1, ['x'.repeat(10_000)]: 1 });
    expect(code).toBe('CONFIG');
    expect(message).not.toContain('did you mean');
  });

  it.each(HOSTILE_VALUES)('takes $name, or refuses it as every other value', ({ make }) => {
    for (const name of Object.keys(CHECKS)) {
      try {
        readOptions('thing', CHECKS, { [name]: make() });
      } catch (thrown) {
        expect(thrown).toMatchObject({ code: 'CONFIG' });
      }
    }
    const getter = {
      get retries() {
        throw make();
      },
    };
    expect(failure(getter).code).toBe('CONFIG');
  });
});
