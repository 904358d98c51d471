import { describe, expect, it } from 'vitest';
import { AccountKeeperError } from '../../../src/core/errors.js';
import { endsConnection, mayBeOfOneAccount, postgresError, sqlState } from '../../../src/drivers/postgres/errors.js';

const doing = { doing: 'writing', where: 'host:5432/db', sent: 'write' } as const;

function thrown(code: string): Error {
  return Object.assign(new Error('what the server said'), { code });
}

describe('postgresError', () => {
  it.each([
    ['25006', 'UNAVAILABLE', 'not-applied', true],
    ['40001', 'UNAVAILABLE', 'not-applied', true],
    ['40P01', 'UNAVAILABLE', 'not-applied', true],
    ['53100', 'UNAVAILABLE', 'not-applied', true],
    ['53200', 'UNAVAILABLE', 'not-applied', true],
    ['53300', 'UNAVAILABLE', 'not-applied', true],
    ['53400', 'UNAVAILABLE', 'not-applied', true],
    ['55P03', 'UNAVAILABLE', 'not-applied', true],
    ['57014', 'UNAVAILABLE', 'not-applied', true],
    ['P0001', 'UNAVAILABLE', 'not-applied', true],
    ['23514', 'UNAVAILABLE', 'not-applied', false],
    ['0A000', 'UNAVAILABLE', 'not-applied', false],
    ['22012', 'UNAVAILABLE', 'not-applied', false],
    ['22021', 'UNAVAILABLE', 'not-applied', false],
    ['28P01', 'UNAVAILABLE', 'not-applied', false],
    ['3D000', 'UNAVAILABLE', 'not-applied', false],
    ['42501', 'UNAVAILABLE', 'not-applied', false],
    ['42P01', 'UNAVAILABLE', 'not-applied', false],
    ['42703', 'UNAVAILABLE', 'not-applied', false],
    ['54000', 'TOO_LARGE', 'not-applied', false],
    ['40003', 'UNAVAILABLE', 'unknown', true],
    ['08006', 'UNAVAILABLE', 'unknown', true],
    ['08P01', 'UNAVAILABLE', 'unknown', true],
    ['57P01', 'UNAVAILABLE', 'unknown', true],
    ['57P02', 'UNAVAILABLE', 'unknown', true],
    ['57P03', 'UNAVAILABLE', 'unknown', true],
    ['XX000', 'UNAVAILABLE', 'unknown', true],
    ['ECONNRESET', 'UNAVAILABLE', 'unknown', true],
    ['EPIPE', 'UNAVAILABLE', 'unknown', true],
  ])('knows what %s means for a write', (code, ...[kind, outcome, retryable]) => {
    const cause = thrown(code);
    expect(postgresError(cause, doing)).toMatchObject({ code: kind, outcome, retryable, cause });
  });

  it('never says that something may have been written where nothing was sent', () => {
    for (const code of ['57P03', '53300', 'ECONNREFUSED', 'ENOTFOUND', 'XX000', '']) {
      expect(postgresError(thrown(code), { ...doing, sent: 'nothing' })).toMatchObject({
        code: 'UNAVAILABLE',
        outcome: 'not-applied',
        retryable: true,
      });
    }
    const untrusted = postgresError(thrown('DEPTH_ZERO_SELF_SIGNED_CERT'), { ...doing, sent: 'nothing' });
    expect(untrusted).toMatchObject({ outcome: 'not-applied', retryable: false });
  });

  it('takes anything that can be thrown, and leaves its own kind alone', () => {
    for (const other of [undefined, null, 'text', new Error('Connection terminated unexpectedly'), { code: 5 }]) {
      expect(postgresError(other, doing)).toMatchObject({ code: 'UNAVAILABLE', outcome: 'unknown', retryable: true });
    }
    const own = new AccountKeeperError('CONFLICT', 'x');
    expect(postgresError(own, doing)).toBe(own);
  });
});

describe('endsConnection', () => {
  it('spares only the connections of statements that the next one cannot inherit anything from', () => {
    const spared = ['40001', '40P01', '22012', '22021', '23505', '23514', '54000', '54001'];
    for (const code of spared) expect(endsConnection(thrown(code))).toBe(false);
    for (const code of ['25006', '40003', '42501', '42P01', '53200', '55P03', '57014', '57P01', 'P0001', 'EPIPE', '']) {
      expect(endsConnection(thrown(code))).toBe(true);
    }
    for (const other of [undefined, new AccountKeeperError('UNAVAILABLE', 'a standby')]) {
      expect(endsConnection(other)).toBe(true);
    }
  });
});

describe('mayBeOfOneAccount', () => {
  it('is for what rows can be the reason of, and not for what all statements would meet', () => {
    for (const code of ['22012', '22021', '23502', '23514', '40001', '40P01', '54000', '55P03', '57014', 'P0001']) {
      expect(mayBeOfOneAccount(thrown(code))).toBe(true);
      expect(mayBeOfOneAccount(postgresError(thrown(code), doing))).toBe(true);
    }
    for (const code of ['08006', '25006', '40003', '42501', '42P01', '53100', '53300', '57P01', 'XX000', 'EPIPE', '']) {
      expect(mayBeOfOneAccount(thrown(code))).toBe(false);
    }
    expect(mayBeOfOneAccount(new AccountKeeperError('TIMEOUT', 'late'))).toBe(false);
  });
});

describe('sqlState', () => {
  it('is that of the server alone', () => {
    expect(sqlState(thrown('42P01'))).toBe('42P01');
    expect(sqlState(postgresError(thrown('42P01'), doing))).toBe('42P01');
    for (const code of ['EPIPE', 'EBUSY', 'ECONNRESET', '', '1234']) expect(sqlState(thrown(code))).toBeUndefined();
    expect(sqlState(undefined)).toBeUndefined();
  });
});
