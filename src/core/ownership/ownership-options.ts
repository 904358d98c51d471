import { badOption, type ChecksOf, duration, flag, oneOf, readOptions } from '../shared/option-checks.js';

/** How an account is owned. */
export type OwnershipMode = 'take-over' | 'wait' | 'read-only';

/** {@link OwnershipMode} with its times, in milliseconds. */
export interface OwnershipOptions {
  /** @default 'take-over' */
  readonly mode?: OwnershipMode;
  /**
   * With `wait`: an owner that gives no sign of life for so long counts as gone. It renews its lease three times as
   * often.
   * @default 15000
   */
  readonly leaseMs?: number;
  /**
   * With `wait`: how often the owner is looked at; by default, a fifth of `leaseMs`. With `follow`: how often the
   * account's head is read; by default, every 50 ms.
   */
  readonly pollMs?: number;
  /**
   * With `read-only`: after `restore()`, the store shows each newer state of the account by itself (event `refreshed`).
   * @default false
   */
  readonly follow?: boolean;
}

/** {@link OwnershipOptions} with every default filled in. */
export type OwnershipSettings = Required<OwnershipOptions>;

const DEFAULT_LEASE_MS = 15_000;

/** How often the head of an account that is followed is read, in milliseconds. */
export const DEFAULT_FOLLOW_POLL_MS = 50;

const mode = oneOf(['take-over', 'wait', 'read-only'] as const);
const CHECKS: ChecksOf<OwnershipOptions> = { mode, leaseMs: duration(100), pollMs: duration(1), follow: flag };

/** @throws `CONFIG` */
export function ownershipSettings(ownership: OwnershipMode | OwnershipOptions = {}): OwnershipSettings {
  const given = typeof ownership === 'string' ? { mode: mode('ownership', ownership) } : ownership;
  const {
    follow = false,
    leaseMs = DEFAULT_LEASE_MS,
    mode: wanted = 'take-over',
    pollMs = follow ? DEFAULT_FOLLOW_POLL_MS : leaseMs / 5,
  } = readOptions('ownership', CHECKS, given);
  if (follow && wanted !== 'read-only')
    throw badOption('ownership.follow', "true only with the mode 'read-only'", wanted);
  return { mode: wanted, leaseMs, pollMs, follow };
}
