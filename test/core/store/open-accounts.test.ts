import { describe, expect, it } from 'vitest';
import { releaseAccount, reserveAccount } from '../../../src/core/store/open-accounts.js';
import { MemoryDriver } from '../../../src/drivers/memory/driver.js';

const alreadyOpen = expect.objectContaining({ code: 'ALREADY_OPEN' });

describe('a reservation', () => {
  it('keeps the account of one driver for one store', () => {
    const driver = new MemoryDriver();
    reserveAccount(driver, 'a');
    expect(() => reserveAccount(driver, 'a')).toThrow(alreadyOpen);
    expect(() => reserveAccount(driver, 'b')).not.toThrow();
    expect(() => reserveAccount(new MemoryDriver(), 'a')).not.toThrow();
  });

  it('that was released leaves the one of the next store alone when it is released again', () => {
    const driver = new MemoryDriver();
    const first = reserveAccount(driver, 'a');
    releaseAccount(driver, 'a', first);
    reserveAccount(driver, 'a');
    releaseAccount(driver, 'a', first);
    expect(() => reserveAccount(driver, 'a')).toThrow(alreadyOpen);
  });

  it('that a reader does not have releases nothing', () => {
    const driver = new MemoryDriver();
    reserveAccount(driver, 'a');
    releaseAccount(driver, 'a', undefined);
    expect(() => reserveAccount(driver, 'a')).toThrow(alreadyOpen);
  });
});
