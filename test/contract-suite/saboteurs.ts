import type { PersistenceDriver } from '../../src/core/persistence-driver.js';
import { KeyLayout } from '../../src/drivers/base/key-layout.js';
import { AwaitsInFlight } from '../support/saboteurs/awaits-in-flight.js';
import { AcknowledgesWithoutWriting } from '../support/saboteurs/commits/acknowledges-without-writing.js';
import { AppliesRepetitions } from '../support/saboteurs/commits/applies-repetitions.js';
import { ConflictsInOutage } from '../support/saboteurs/commits/conflicts-in-outage.js';
import { ConflictsWhenLate } from '../support/saboteurs/commits/conflicts-when-late.js';
import { DeniesWhatItAborted } from '../support/saboteurs/commits/denies-what-it-aborted.js';
import { DeniesWhatWasLate } from '../support/saboteurs/commits/denies-what-was-late.js';
import { HalfApplies, type RecordKey } from '../support/saboteurs/commits/half-applies.js';
import { LandsLate } from '../support/saboteurs/commits/lands-late.js';
import { LastInFirstOut } from '../support/saboteurs/commits/last-in-first-out.js';
import { QueuesWhilePaused } from '../support/saboteurs/commits/queues-while-paused.js';
import { RepeatsBehindTheBack } from '../support/saboteurs/commits/repeats-behind-the-back.js';
import { ReplaysFailures } from '../support/saboteurs/commits/replays-failures.js';
import { SplitsBatches } from '../support/saboteurs/commits/splits-batches.js';
import { WritesDocumentsAnew } from '../support/saboteurs/commits/writes-documents-anew.js';
import { AnswersAnotherAccount } from '../support/saboteurs/groups/answers-another-account.js';
import { EndsTogether } from '../support/saboteurs/groups/ends-together.js';
import { FailsTogether } from '../support/saboteurs/groups/fails-together.js';
import { HalfDurable } from '../support/saboteurs/groups/half-durable.js';
import { LeavesOneOut } from '../support/saboteurs/groups/leaves-one-out.js';
import { ComparesRevisionAlone } from '../support/saboteurs/heads/compares-revision-alone.js';
import { CutsMeta } from '../support/saboteurs/heads/cuts-meta.js';
import { ForgetsAnyHead } from '../support/saboteurs/heads/forgets-any-head.js';
import { ForgetsWhatItSaw } from '../support/saboteurs/heads/forgets-what-it-saw.js';
import { IgnoresExpected } from '../support/saboteurs/heads/ignores-expected.js';
import { KeepsFirstWriter } from '../support/saboteurs/heads/keeps-first-writer.js';
import { KeepsOldMeta } from '../support/saboteurs/heads/keeps-old-meta.js';
import { ReusesRevisions } from '../support/saboteurs/heads/reuses-revisions.js';
import { WrapsRevisions } from '../support/saboteurs/heads/wraps-revisions.js';
import { ClosesAtOnce } from '../support/saboteurs/life/closes-at-once.js';
import { Hangs } from '../support/saboteurs/life/hangs.js';
import { LeaksPassword } from '../support/saboteurs/life/leaks-password.js';
import { LeavesListeners } from '../support/saboteurs/life/leaves-listeners.js';
import { NeverReconnects } from '../support/saboteurs/life/never-reconnects.js';
import { OpensWhatIsMissing } from '../support/saboteurs/life/opens-what-is-missing.js';
import { OpensWithoutLooking } from '../support/saboteurs/life/opens-without-looking.js';
import { OverflowsTimers } from '../support/saboteurs/life/overflows-timers.js';
import { ReconnectsAfterClose } from '../support/saboteurs/life/reconnects-after-close.js';
import { RefusesFractions } from '../support/saboteurs/life/refuses-fractions.js';
import { SaysGoodbye } from '../support/saboteurs/life/says-goodbye.js';
import { SetsUpAtOpen } from '../support/saboteurs/life/sets-up-at-open.js';
import { ThrowsPlainErrors } from '../support/saboteurs/life/throws-plain-errors.js';
import { WaitsByDefault } from '../support/saboteurs/life/waits-by-default.js';
import { WaitsWithoutDeadline } from '../support/saboteurs/life/waits-without-deadline.js';
import { WorksOnAfterClose } from '../support/saboteurs/life/works-on-after-close.js';
import { ClearsByPattern } from '../support/saboteurs/reads/clears-by-pattern.js';
import { CutsFramesOff } from '../support/saboteurs/reads/cuts-frames-off.js';
import { EndsFailedListing } from '../support/saboteurs/reads/ends-failed-listing.js';
import { ExpiresRecords } from '../support/saboteurs/reads/expires-records.js';
import { IgnoresCase } from '../support/saboteurs/reads/ignores-case.js';
import { type JoinedPlaces, JoinsPrefixAndId } from '../support/saboteurs/reads/joins-prefix-and-id.js';
import { ListsTwice } from '../support/saboteurs/reads/lists-twice.js';
import { ReadsErrorsAsEmpty } from '../support/saboteurs/reads/reads-errors-as-empty.js';
import { ReadsSilenceAsEmpty } from '../support/saboteurs/reads/reads-silence-as-empty.js';
import { ReadsStaleReplica } from '../support/saboteurs/reads/reads-stale-replica.js';
import { SharesItsMaps } from '../support/saboteurs/reads/shares-its-maps.js';
import { StopsLoading } from '../support/saboteurs/reads/stops-loading.js';
import { TearsReads } from '../support/saboteurs/reads/tears-reads.js';
import { HearsItselfAlone } from '../support/saboteurs/watch/hears-itself-alone.js';
import { NeverStopsListening } from '../support/saboteurs/watch/never-stops-listening.js';
import type { FaultyMemoryBackend } from './subjects/faulty-memory-backend.js';
import type { AccessDisguise } from './subjects/memory-access.js';
import { type Disguise, SmallMemoryDriver } from './subjects/memory-subject.js';
import type { RemoteDisguise } from './subjects/remote-memory.js';

/** A broken driver, and where that must show. */
export interface Saboteur {
  readonly fault: string;
  /** The clause that names the fault. */
  readonly clause: string;
  /** The other clauses that cannot be kept with this fault. */
  readonly related: readonly string[];
  readonly disguise: Disguise;
  /** Where a clause has to run into its limit. */
  readonly clauseTimeoutMs?: number;
}

/** A broken driver of a backend that can be stopped and paused. */
export interface RemoteSaboteur extends Omit<Saboteur, 'disguise' | 'clauseTimeoutMs'> {
  readonly disguise: RemoteDisguise;
}

/** All saboteurs. */
export const SABOTEURS: readonly Saboteur[] = [
  { fault: 'swallows read errors as empty', clause: 'FA2', related: [], disguise: wrap(ReadsErrorsAsEmpty) },
  { fault: 'ends a failed listing early', clause: 'FA3', related: [], disguise: wrap(EndsFailedListing) },
  { fault: 'throws errors without the brand', clause: 'FA4', related: ['FA2'], disguise: wrap(ThrowsPlainErrors) },
  { fault: 'leaks the password of the URL', clause: 'FA4', related: [], disguise: wrap(LeaksPassword) },
  {
    fault: 'acknowledges without writing',
    clause: 'FA1',
    related: ['AC1', 'GC3'],
    disguise: wrap(AcknowledgesWithoutWriting),
  },
  {
    fault: 'reads a replica that lags behind',
    clause: 'OR2',
    related: ['CC5', 'CC9', 'CO2', 'DE4', 'RE2'],
    disguise: wrap(ReadsStaleReplica),
  },
  { fault: 'half-applies a batch', clause: 'AC1', related: ['FA1', 'GC3'], disguise: withRecords(HalfApplies) },
  {
    fault: 'ignores expected',
    clause: 'CC1',
    related: ['CC2', 'CC3', 'CC4', 'CC5', 'CC7', 'DE4', 'GC2'],
    disguise: wrap(IgnoresExpected),
  },
  {
    fault: 'compares the revision alone',
    clause: 'CC1',
    related: ['CC7', 'DE3', 'GC2'],
    disguise: wrap(ComparesRevisionAlone),
  },
  {
    fault: 'applies a repeated writeId again',
    clause: 'CC5',
    related: ['GC2', 'GC5', 'TI3'],
    disguise: wrap(AppliesRepetitions),
  },
  { fault: 'reports an outage as a conflict', clause: 'CC6', related: [], disguise: wrap(ConflictsInOutage) },
  { fault: 'forgets what it saw acknowledged', clause: 'CC7', related: [], disguise: remake(ForgetsWhatItSaw) },
  { fault: 'lands late', clause: 'OR4', related: [], disguise: wrap(LandsLate) },
  { fault: 'applies in the wrong order', clause: 'OR3', related: [], disguise: wrap(LastInFirstOut) },
  { fault: 'tears reads', clause: 'AC2', related: [], disguise: wrap(TearsReads) },
  {
    fault: 'replays what it reported as not applied',
    clause: 'RE2',
    related: ['FA1'],
    disguise: wrap(ReplaysFailures),
  },
  { fault: 'writes JSON objects anew', clause: 'RT2', related: [], disguise: wrap(WritesDocumentsAnew) },
  { fault: 'takes a piece of a JSON object for one', clause: 'CO1', related: [], disguise: wrap(CutsFramesOff) },
  { fault: 'shares its maps', clause: 'RT4', related: [], disguise: wrap(SharesItsMaps) },
  { fault: 'lists an account twice', clause: 'SC2', related: ['FA3', 'KE2'], disguise: wrap(ListsTwice) },
  { fault: 'reuses revisions after a drop', clause: 'DE4', related: ['DE5', 'OR1'], disguise: reusesRevisions },
  { fault: 'forgets whichever head is stored', clause: 'DE5', related: [], disguise: wrap(ForgetsAnyHead) },
  { fault: 'ignores the case of account ids', clause: 'KE1', related: ['IS2', 'KE2'], disguise: wrap(IgnoresCase) },
  {
    fault: 'clears by an unescaped pattern',
    clause: 'IS2',
    related: ['IS3', 'IS4', 'KE1', 'SC3'],
    disguise: clearsByPattern,
  },
  { fault: 'reconnects after close', clause: 'CL2', related: ['CL1'], disguise: remake(ReconnectsAfterClose) },
  { fault: 'closes without waiting', clause: 'CL3', related: [], disguise: (driver) => new ClosesAtOnce(driver) },
  { fault: 'expires records', clause: 'CO3', related: [], disguise: withRecords(ExpiresRecords) },
  ...[1000, 2000, 5000].map((largest) => ({
    fault: `splits batches beyond ${largest} records`,
    clause: 'AC5',
    related: [],
    disguise: splitsBatches(largest),
  })),
  ...[10_000, 50_000].map((most) => ({
    fault: `loads ${most} records at most`,
    clause: 'SC1',
    related: [],
    disguise: ((driver) => new AwaitsInFlight(new StopsLoading(driver, most))) satisfies Disguise,
  })),
  ...[255, 65_536].map((characters) => ({
    fault: `cuts meta at ${characters} characters`,
    clause: 'CC9',
    related: [],
    disguise: ((driver) => new AwaitsInFlight(new CutsMeta(driver, characters))) satisfies Disguise,
  })),
  { fault: 'keeps the old meta in place of an empty one', clause: 'CC9', related: [], disguise: wrap(KeepsOldMeta) },
  { fault: "keeps the first writer's id", clause: 'CC9', related: [], disguise: wrap(KeepsFirstWriter) },
  { fault: 'joins prefix and id without a delimiter', clause: 'IS4', related: [], disguise: joinsPrefixAndId() },
  { fault: 'keeps revisions in 32 bits', clause: 'OR1', related: [], disguise: wrap(WrapsRevisions) },
  {
    fault: 'says of what was late that it was not applied',
    clause: 'TI4',
    related: ['GC4'],
    disguise: wrap(DeniesWhatWasLate),
  },
  {
    fault: 'repeats a failed commit a while later',
    clause: 'RE2',
    related: [],
    disguise: (driver) => new RepeatsBehindTheBack(new AwaitsInFlight(driver)),
  },
  { fault: 'refuses deadlines that are fractions', clause: 'TI5', related: [], disguise: wrap(RefusesFractions) },
  { fault: 'ends at once where a deadline is far', clause: 'TI5', related: [], disguise: wrap(OverflowsTimers) },
  { fault: "leaves a listener on the caller's signal", clause: 'TI6', related: [], disguise: wrap(LeavesListeners) },
  { fault: 'works on after close', clause: 'CL5', related: [], disguise: remake(WorksOnAfterClose) },
  {
    fault: 'fails a group for one of its accounts',
    clause: 'GC3',
    related: ['GC2', 'GC4'],
    disguise: wrap(FailsTogether),
  },
  {
    fault: 'leaves an account of a group out',
    clause: 'SC3',
    related: ['GC2', 'GC3', 'GC5'],
    disguise: wrap(LeavesOneOut),
  },
  {
    fault: 'answers a conflict in a group to another account',
    clause: 'GC2',
    related: [],
    disguise: wrap(AnswersAnotherAccount),
  },
  { fault: 'ends a group by the deadline of one account', clause: 'GC4', related: [], disguise: wrap(EndsTogether) },
  {
    fault: 'tells of its own changes alone',
    clause: 'WA1',
    related: ['WA2'],
    disguise: (driver) => new HearsItselfAlone(driver),
  },
  {
    fault: 'goes on telling who has left',
    clause: 'WA2',
    related: [],
    disguise: (driver) => new NeverStopsListening(driver),
  },
  { fault: 'hangs', clause: 'TI2', related: [], disguise: wrap(Hangs), clauseTimeoutMs: 10_000 },
];

/** Those whose fault shows only while the backend is stopped or paused, or after it was. */
export const REMOTE_SABOTEURS: readonly RemoteSaboteur[] = [
  { fault: 'reads without a deadline', clause: 'TI1', related: ['FA2', 'TI5'], disguise: as(WaitsWithoutDeadline) },
  { fault: 'has no default deadline', clause: 'TI5', related: [], disguise: as(WaitsByDefault) },
  { fault: 'does not close a paused backend', clause: 'CL1', related: ['CL5', 'TI5'], disguise: as(SaysGoodbye) },
  { fault: 'queues what timed out', clause: 'OR4', related: ['TI1'], disguise: as(QueuesWhilePaused) },
  {
    fault: 'reports silence as a conflict',
    clause: 'CC6',
    related: ['CC5', 'GC4', 'OR4', 'TI1', 'TI4', 'TI5'],
    disguise: as(ConflictsWhenLate),
  },
  { fault: 'reads silence as empty', clause: 'FA2', related: ['TI1', 'TI5'], disguise: as(ReadsSilenceAsEmpty) },
  { fault: 'denies what it aborted', clause: 'TI3', related: ['GC4'], disguise: as(DeniesWhatItAborted) },
  { fault: 'never reconnects', clause: 'RE1', related: ['GC1', 'RE2', 'TI1'], disguise: as(NeverReconnects) },
  { fault: 'acknowledges a group that is half durable', clause: 'GC1', related: ['CL1', 'CL5'], disguise: halfDurable },
  { fault: 'opens without looking', clause: 'FA6', related: ['RE3', 'TI1'], disguise: as(OpensWithoutLooking) },
];

/** Those whose fault shows where they have read rights alone, or where nothing was set up. */
export const ACCESS_SABOTEURS: readonly (readonly [fault: string, disguise: AccessDisguise])[] = [
  ['sets the backend up when it is opened', (driver, backend) => new SetsUpAtOpen(driver, backend)],
  ['opens what was never set up', (driver) => new OpensWhatIsMissing(driver)],
];

function as(Type: new (inner: PersistenceDriver) => PersistenceDriver): RemoteDisguise {
  return (driver) => new Type(driver);
}

function wrap(Type: new (inner: PersistenceDriver) => PersistenceDriver): Disguise {
  return (driver) => new AwaitsInFlight(new Type(driver));
}

/** It awaits, when it is closed, what it has put off. */
function halfDurable(driver: PersistenceDriver): PersistenceDriver {
  return new AwaitsInFlight(new HalfDurable(driver));
}

function remake(Type: new (makeInner: () => PersistenceDriver) => PersistenceDriver): Disguise {
  return (_driver, backend, prefix) => new Type(() => new SmallMemoryDriver({ backend, prefix }));
}

function withRecords(
  Type: new (inner: PersistenceDriver, backend: FaultyMemoryBackend, recordKey: RecordKey) => PersistenceDriver,
): Disguise {
  return (driver, backend, prefix) => new AwaitsInFlight(new Type(driver, backend, recordKeyOf(prefix)));
}

function splitsBatches(largest: number): Disguise {
  return (driver, backend, prefix) =>
    new AwaitsInFlight(new SplitsBatches(driver, backend, recordKeyOf(prefix), largest));
}

function recordKeyOf(prefix: string): RecordKey {
  const layout = new KeyLayout(prefix);
  return (accountId, record) => `${layout.account(accountId).recordPrefix}${record}`;
}

function joinsPrefixAndId(): Disguise {
  const places: JoinedPlaces = new Map();
  return (driver, _backend, prefix) => new AwaitsInFlight(new JoinsPrefixAndId(driver, prefix, places));
}

function reusesRevisions(_driver: PersistenceDriver, backend: FaultyMemoryBackend, prefix: string): PersistenceDriver {
  const layout = new KeyLayout(prefix);
  const make = (): PersistenceDriver => new SmallMemoryDriver({ backend, prefix });
  return new AwaitsInFlight(new ReusesRevisions(make, backend, (accountId) => layout.account(accountId).head));
}

function clearsByPattern(driver: PersistenceDriver, backend: FaultyMemoryBackend): PersistenceDriver {
  return new ClearsByPattern(driver, backend);
}
