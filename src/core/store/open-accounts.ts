import { AccountKeeperError } from '../errors.js';
import type { PersistenceDriver } from '../persistence-driver.js';

const openAccounts = new WeakMap<PersistenceDriver, Set<string>>();

/**
 * Reserves an account of a driver for one store of this process.
 *
 * @returns what releases it, once.
 * @throws `ALREADY_OPEN`
 */
export function reserveAccount(driver: PersistenceDriver, accountId: string): () => void {
  const accounts = openAccounts.get(driver) ?? new Set();
  if (accounts.has(accountId)) {
    const message = `account ${JSON.stringify(accountId)} is open in another store of this process, on the same driver`;
    throw new AccountKeeperError('ALREADY_OPEN', message);
  }
  openAccounts.set(driver, accounts.add(accountId));
  let reserved = true;
  return () => {
    if (reserved) accounts.delete(accountId);
    reserved = false;
  };
}
