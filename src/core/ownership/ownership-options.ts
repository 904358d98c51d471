import { type ChecksOf, duration, oneOf, readOptions } from '../shared/option-checks.js';

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
   * With `wait`: how often the owner is looked at.
   * @default a fifth of leaseMs
   */
  readonly pollMs?: number;
}

/** {@link OwnershipOptions} with every default filled in. */
export type OwnershipSettings = Required<OwnershipOptions>;

const DEFAULT_LEASE_MS = 15_000;

const mode = oneOf(['take-over', 'wait', 'read-only'] as const);
const CHECKS: ChecksOf<OwnershipOptions> = { mode, leaseMs: duration(100), pollMs: duration(1) };

/** @throws `CONFIG` */
export function ownershipSettings(ownership: OwnershipMode | OwnershipOptions = {}): OwnershipSettings {
  const given = typeof ownership === 'string' ? { mode: mode('ownership', ownership) } : ownership;
  const { leaseMs = DEFAULT_LEASE_MS, ...rest } = readOptions('ownership', CHECKS, given);
  return { mode: 'take-over', pollMs: leaseMs / 5, ...rest, leaseMs };
}
