import { AccountKeeperError } from '../errors.js';
import type { KnownHead, LocalKnowledge } from '../local-files/local-files.js';
import { replayIdOf } from '../local-files/replay-plan.js';
import type { Spill } from '../local-files/spill.js';
import type { StoredSpill } from '../local-files/spill-folder.js';
import { type HeadMeta, writerOf } from '../ownership/head-meta.js';
import type { AccountHead } from '../persistence-driver.js';
import type { RestoreOptions, RollbackChoice } from './restore-options.js';

/** The state with which restore goes on. */
export interface Verdict {
  /** The spill that is written in the place of all that is stored. */
  readonly local: StoredSpill | undefined;
  /** The spills that may be replayed. */
  readonly spills: readonly StoredSpill[];
  /** The revision above which the next one has to lie, so that none is used twice. */
  readonly floor: number;
  /** Files of other lineages. They are never touched. */
  readonly foreign: readonly string[];
  /** Whether the operator has said what to keep. */
  readonly isOperators: boolean;
}

/** How an account is named that was never written. */
const NOTHING: Pick<AccountHead, 'revision' | 'writeId'> = { revision: 0, writeId: '' };

/** The id of the work that writes the whole of a spill in several commits. */
export function localIdOf({ id }: Spill): string {
  return `local:${id}`;
}

/** Whether the operator's word names the head that is stored. */
export function namesHead(choice: RollbackChoice | undefined, head: AccountHead | undefined): choice is RollbackChoice {
  const { revision, writeId } = head ?? NOTHING;
  return choice?.revision === revision && choice.writeId === writeId;
}

/**
 * Compares what is stored with what is known, and says what to go on with.
 *
 * @throws `ROLLED_BACK` when what is stored is less than what was acknowledged, or of another history, and the operator
 * has not said what to keep; `CORRUPT` when what is stored is the half of a whole.
 */
export function judge(
  accountId: string,
  head: AccountHead | undefined,
  meta: HeadMeta,
  local: LocalKnowledge,
  options: RestoreOptions,
): Verdict {
  requireExpected(accountId, head, options);
  const isOwn = ({ lineage }: { readonly lineage?: string | undefined }): boolean => {
    return lineage === undefined || lineage === meta.lineage || (head !== undefined && meta.lineage === undefined);
  };
  const own = local.known.filter(isOwn);
  const others = local.known.filter((known) => !isOwn(known));
  // A head that the driver remembers without a lineage may belong to anybody, and does not show whose the files are.
  const isTold = own.some(({ lineage, path }) => lineage !== undefined || path !== undefined);
  const contradicted = own.find((known) => contradicts(known, head, meta)) ?? (isTold ? undefined : others[0]);
  const continued = local.spills.find(({ spill }) => continues(spill, meta));
  const isHalf = meta.unfinished !== undefined && continued === undefined;
  // Where nothing is stored, there is no lineage to be told apart from.
  const relevant = head !== undefined && isTold ? own : local.known;
  const going: Verdict = {
    local: undefined,
    spills: local.spills.filter(({ spill }) => isOwn(spill)),
    floor: relevant.reduce((highest, { revision }) => Math.max(highest, revision), 0),
    foreign: [...new Set(others.flatMap(({ path }) => path ?? []))],
    isOperators: false,
  };
  const isToldToStop =
    meta.unfinished !== undefined && options.onRolledBack?.keep === 'backend' && namesHead(options.onRolledBack, head);
  if (contradicted === undefined && !isHalf && !isToldToStop)
    return { ...going, local: isWhole(continued, meta) ? continued : undefined };
  const keepable = newestWhole(local.spills, relevant);
  const { onRolledBack: choice } = options;
  if (namesHead(choice, head) && (choice.keep === 'backend' || keepable !== undefined)) {
    return { ...going, isOperators: true, local: choice.keep === 'local' ? keepable : undefined };
  }
  throw undecided(accountId, head, contradicted, keepable);
}

/** @throws `ROLLED_BACK` */
function requireExpected(
  accountId: string,
  head: AccountHead | undefined,
  { mustExist, minRevision = 0 }: RestoreOptions,
): void {
  const account = `account ${JSON.stringify(accountId)}`;
  if (mustExist === true && (head === undefined || head.dropped)) {
    const message = `${account}: expected to exist (mustExist), but the backend holds none; bring its data back, or restore without mustExist`;
    throw new AccountKeeperError('ROLLED_BACK', message, { head });
  }
  if ((head?.revision ?? 0) >= minRevision) return;
  const message = `${account}: expected revision ${minRevision} or above (minRevision), but ${shown(head)} is stored; bring the newer data back, or restore without minRevision`;
  throw new AccountKeeperError('ROLLED_BACK', message, { head });
}

/** Whether what is stored does not go on from a head that was acknowledged. */
function contradicts(known: KnownHead, head: AccountHead | undefined, { claims }: HeadMeta): boolean {
  if (head === undefined || head.revision < known.revision) return true;
  if (head.revision === known.revision) return head.writeId !== known.writeId;
  const writer = writerOf(known.revision, claims);
  return writer !== undefined && known.writerId !== undefined && writer !== known.writerId;
}

/** Whether the spill holds all of what was stored by halves. */
function continues(spill: Spill, { unfinished }: HeadMeta): boolean {
  if (unfinished === undefined || spill.fenced) return false;
  return [replayIdOf(spill), localIdOf(spill), spill.unfinished].includes(unfinished.id);
}

function isWhole(continued: StoredSpill | undefined, { unfinished }: HeadMeta): boolean {
  return continued !== undefined && unfinished?.id !== replayIdOf(continued.spill);
}

/** The spill that holds the whole account as it was at, or after, the highest known head. */
function newestWhole(spills: readonly StoredSpill[], known: readonly KnownHead[]): StoredSpill | undefined {
  const highest = known.reduce((newest, each) => (each.revision > newest.revision ? each : newest), NOTHING);
  return spills.find(({ spill }) => !spill.fenced && spill.base?.writeId === highest.writeId);
}

function undecided(
  accountId: string,
  head: AccountHead | undefined,
  known: KnownHead | undefined,
  keepable: StoredSpill | undefined,
): AccountKeeperError {
  const { revision, writeId } = head ?? NOTHING;
  const word = (keep: string): string =>
    `restore({ onRolledBack: { keep: '${keep}', revision: ${revision}, writeId: ${JSON.stringify(writeId)} } })`;
  const account = `account ${JSON.stringify(accountId)}`;
  const choices =
    `${word('backend')} goes on with what is stored` +
    (keepable === undefined ? '' : `, ${word('local')} writes ${keepable.path} in its place`);
  if (known === undefined) {
    const message = `${account} is unfinished: a change that needs several commits ended before the last one. Restore where its spill file lies, or choose: ${choices}`;
    return new AccountKeeperError('CORRUPT', message, { head });
  }
  const source = known.path === undefined ? 'this process saw it' : `${known.path} says so`;
  const message =
    `${account} was rolled back, or is another backend's: ${shown(head)} is stored, but revision ${known.revision} ` +
    `(${known.writeId}) was acknowledged before (${source}). Bring the newer data back, or choose: ${choices}`;
  return new AccountKeeperError('ROLLED_BACK', message, {
    head,
    known: { revision: known.revision, writeId: known.writeId },
  });
}

function shown(head: AccountHead | undefined): string {
  return head === undefined ? 'nothing' : `revision ${head.revision} (${head.writeId})`;
}
