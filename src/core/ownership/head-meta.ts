import type { AccountHead, CommitOptions } from '../persistence-driver.js';
import { type OwnerProcess, ownerProcessOf } from './owner-process.js';

/** The lease under which a writer holds its accounts, as their heads name it. */
export interface LeaseReference {
  readonly id: string;
  /** Who held the lease when the head was written. */
  readonly holder: string;
}

/** The revisions above `base` are this writer's, up to the base of the next claim. */
export interface Claim {
  readonly base: number;
  readonly writerId: string;
}

/** Work that needs several commits, of which `part` are stored: until the last one, the account is no whole. */
export interface Unfinished {
  readonly id: string;
  readonly part: number;
}

/** The data that a store keeps beside the head of its account. */
export interface HeadMeta {
  /** The owner has closed, with everything persisted. */
  readonly released: boolean;
  readonly lease?: LeaseReference | undefined;
  /** The ids of spills that are in the backend, oldest first. */
  readonly replayed: readonly string[];
  /** Drawn by the first commit of the account, and kept for ever. Heads of earlier versions have none. */
  readonly lineage?: string | undefined;
  /** The last take-overs, oldest first. */
  readonly claims: readonly Claim[];
  readonly unfinished?: Unfinished | undefined;
  /** The process of the writer. Heads of earlier versions name none. */
  readonly owner?: OwnerProcess | undefined;
  /** Of a dropped account: where its records were moved to, without credentials. */
  readonly movedTo?: string | undefined;
}

/** Ids of accounts that begin so are this library's own. */
export const RESERVED_ACCOUNT_PREFIX: string = 'accountkeeper/';

/** How many take-overs, and how many ids of replayed spills, a head remembers. */
const MAX_REMEMBERED = 32;

/** Reads the meta of a head. What was not written by this library says nothing. */
export function parseHeadMeta(meta: string): HeadMeta {
  const parsed = meta === '' ? {} : parseObject(meta);
  const { claims, lineage, movedTo, replayed } = parsed;
  return {
    released: parsed['released'] === true,
    lease: leaseOf(parsed['lease']),
    replayed: Array.isArray(replayed) ? replayed.filter((id) => typeof id === 'string') : [],
    lineage: typeof lineage === 'string' ? lineage : undefined,
    claims: Array.isArray(claims) ? claims.flatMap(claimOf) : [],
    unfinished: unfinishedOf(parsed['unfinished']),
    owner: ownerProcessOf(parsed['owner']),
    movedTo: typeof movedTo === 'string' ? movedTo : undefined,
  };
}

/**
 * The text to write; `''` when there is nothing to say. Where it would be longer than the driver's values can be, the
 * oldest claims and replays are forgotten first, and the owner's process last.
 */
export function formatHeadMeta(meta: HeadMeta, maxBytes: number = Number.POSITIVE_INFINITY): string {
  const { released, lease, replayed, lineage, claims, unfinished, owner, movedTo } = meta;
  const said = {
    released: released || undefined,
    lease: lease && { id: lease.id, holder: lease.holder },
    replayed: replayed.length === 0 ? undefined : replayed.slice(-MAX_REMEMBERED),
    lineage,
    claims:
      claims.length === 0 ? undefined : claims.slice(-MAX_REMEMBERED).map(({ base, writerId }) => [base, writerId]),
    unfinished: unfinished && { id: unfinished.id, part: unfinished.part },
    owner,
    movedTo,
  };
  const json = JSON.stringify(said);
  const text = json === '{}' ? '' : json;
  if (Buffer.byteLength(text) <= maxBytes) return text;
  if (claims.length + replayed.length <= 1) {
    return owner === undefined ? text : formatHeadMeta({ ...meta, owner: undefined }, maxBytes);
  }
  const half = Math.floor(Math.max(claims.length, replayed.length) / 2);
  const shorter = {
    claims: claims.slice(-Math.max(half, 1)),
    replayed: replayed.slice(Math.max(0, replayed.length - half)),
  };
  return formatHeadMeta({ ...meta, ...shorter }, maxBytes);
}

/** The `expected` of a commit on top of a head. */
export function baseOf(head: AccountHead | undefined): CommitOptions['expected'] {
  return head === undefined ? undefined : { revision: head.revision, writeId: head.writeId };
}

/** Who wrote a revision, as far as the claims reach back. */
export function writerOf(revision: number, claims: readonly Claim[]): string | undefined {
  return claims.findLast(({ base }) => base < revision)?.writerId;
}

/** The object that a text stands for; an empty one when it stands for none. */
export function parseObject(text: string): Readonly<Record<string, unknown>> {
  try {
    const parsed: unknown = JSON.parse(text);
    return typeof parsed === 'object' && parsed !== null ? (parsed as Record<string, unknown>) : {};
  } catch {
    // Somebody else's.
    return {};
  }
}

function leaseOf(value: unknown): LeaseReference | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { id, holder } = value as Partial<LeaseReference>;
  return typeof id === 'string' && typeof holder === 'string' ? { id, holder } : undefined;
}

function claimOf(value: unknown): readonly Claim[] {
  if (!Array.isArray(value)) return [];
  const [base, writerId]: readonly unknown[] = value;
  return typeof base === 'number' && typeof writerId === 'string' ? [{ base, writerId }] : [];
}

function unfinishedOf(value: unknown): Unfinished | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { id, part } = value as Partial<Unfinished>;
  return typeof id === 'string' && typeof part === 'number' ? { id, part } : undefined;
}
