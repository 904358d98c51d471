import { AccountKeeperError } from '../errors.js';
import type { PersistenceDriver } from '../persistence-driver.js';

/** By driver and account, the number of the reservation. */
const openAccounts = new WeakMap<PersistenceDriver, Map<string, number>>();

let reservations = 0;

/**
 * Reserves an account of a driver for one store of this process.
 *
 * @returns the number of the reservation.
 * @throws `ALREADY_OPEN`
 */
export function reserveAccount(driver: PersistenceDriver, accountId: string): number {
  const accounts = openAccounts.get(driver) ?? new Map<string, number>();
  if (accounts.has(accountId)) {
    const message = `account ${JSON.stringify(accountId)} is open in another store of this process, on the same driver`;
    throw new AccountKeeperError('ALREADY_OPEN', message);
  }
  reservations += 1;
  openAccounts.set(driver, accounts.set(accountId, reservations));
  return reservations;
}

/** Releases the account, unless that was done before: it may be another store's by now. */
export function releaseAccount(driver: PersistenceDriver, accountId: string, reservation: number | undefined): void {
  const accounts = openAccounts.get(driver);
  if (reservation !== undefined && accounts?.get(accountId) === reservation) accounts.delete(accountId);
}
