import { requireDuration, requireKnownOptions, requireOneOf } from '../option-checks.js';

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

const MODES = ['take-over', 'wait', 'read-only'] as const;
const LEASE_MS = 15_000;

/** @throws `CONFIG` */
export function ownershipSettings(ownership: OwnershipMode | OwnershipOptions = 'take-over'): OwnershipSettings {
  if (typeof ownership === 'string') {
    return { mode: requireOneOf('ownership', ownership, MODES), leaseMs: LEASE_MS, pollMs: LEASE_MS / 5 };
  }
  requireKnownOptions('ownership', ownership, ['mode', 'leaseMs', 'pollMs']);
  const mode = requireOneOf('ownership.mode', ownership.mode ?? 'take-over', MODES);
  const leaseMs = requireDuration('ownership.leaseMs', ownership.leaseMs ?? LEASE_MS, 100);
  return { mode, leaseMs, pollMs: requireDuration('ownership.pollMs', ownership.pollMs ?? leaseMs / 5, 1) };
}
