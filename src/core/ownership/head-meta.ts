/** The lease under which a writer holds its accounts, as their heads name it. */
export interface LeaseReference {
  readonly id: string;
  /** Who held the lease when the head was written. */
  readonly holder: string;
}

/** What a store keeps beside the head of its account. */
export interface HeadMeta {
  /** The owner has closed, with everything persisted. */
  readonly released: boolean;
  readonly lease?: LeaseReference;
  /** The ids of spills that are in the backend, oldest first. */
  readonly replayed: readonly string[];
}

/** Ids of accounts that begin so are this library's own. */
export const RESERVED_ACCOUNT_PREFIX: string = 'accountkeeper/';

const NOTHING: HeadMeta = { released: false, replayed: [] };

/** Reads the meta of a head. What was not written by this library says nothing. */
export function parseHeadMeta(meta: string): HeadMeta {
  if (meta === '') return NOTHING;
  const parsed = parseObject(meta);
  const lease = leaseOf(parsed['lease']);
  const replayed = parsed['replayed'];
  return {
    released: parsed['released'] === true,
    replayed: Array.isArray(replayed) ? replayed.filter((id) => typeof id === 'string') : [],
    ...(lease === undefined ? {} : { lease }),
  };
}

/** The text to write; `''` when there is nothing to say. */
export function formatHeadMeta({ released, lease, replayed }: HeadMeta): string {
  if (!released && lease === undefined && replayed.length === 0) return '';
  return JSON.stringify({
    ...(released ? { released } : {}),
    ...(lease === undefined ? {} : { lease: { id: lease.id, holder: lease.holder } }),
    ...(replayed.length === 0 ? {} : { replayed }),
  });
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
