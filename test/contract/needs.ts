import type { DriverCapabilities } from '../../src/core/persistence-driver.js';
import type { ContractSubject } from './subject.js';

/** The needs of clauses: claims of the driver, or means of testing that the subject has. */
export type ClauseNeed =
  | 'atomicCommit'
  | 'conditionalCommit'
  | 'durability process'
  | 'durability host'
  | 'forget'
  | 'sharedAcrossProcesses'
  | 'watch'
  | 'reading alone'
  | 'backend of its own'
  | 'module'
  | 'module if shared'
  | 'means to interrupt'
  | 'readOnly'
  | 'raw'
  | 'rollback'
  | 'empty'
  | 'stop'
  | 'stop or pause'
  | 'stop if external'
  | 'pause if external'
  | 'failCommits.before'
  | 'failReads'
  | 'syncsBeforeAcknowledging'
  | 'missing';

/** The meaning of each need, for documentation. */
export const NEED_MEANINGS: Readonly<Record<ClauseNeed, string>> = {
  atomicCommit: 'claims `atomicCommit`',
  conditionalCommit: 'claims `conditionalCommit`',
  'durability process': 'claims the durability `process` or more',
  'durability host': 'claims the durability `host` or more',
  forget: 'has `forget`',
  sharedAcrossProcesses: 'claims `sharedAcrossProcesses`',
  watch: 'has `watch`',
  'reading alone':
    'does not deny, by `faults.readOnly: false`, that read rights are enough; where the backend is in the process, ' +
    'claims it by `faults.readOnly`',
  'backend of its own': 'claims a durability or `sharedAcrossProcesses`',
  module: '`module`',
  'module if shared': '`module`, if the driver claims `sharedAcrossProcesses`',
  'means to interrupt': '`faults.failCommits.midway`, or a `module` and a durability',
  readOnly: '`faults.readOnly`',
  raw: '`faults.raw`',
  rollback: '`faults.rollback`',
  empty: '`faults.empty`',
  stop: '`faults.stop` and `start`',
  'stop or pause': '`faults.stop` and `start`, or `pause` and `resume`',
  'stop if external': '`faults.stop` and `start`, if the backend is outside of the process',
  'pause if external': '`faults.pause` and `resume`, if the backend is outside of the process',
  'failCommits.before': '`faults.failCommits.before`',
  failReads: '`faults.failReads`',
  syncsBeforeAcknowledging: '`faults.syncsBeforeAcknowledging`',
  missing: '`faults.missing`, or `false` in its place',
};

/** The facts that needs are judged by. */
export interface SubjectFacts {
  readonly subject: ContractSubject;
  readonly capabilities: DriverCapabilities;
  /** Whether the driver has the optional methods. */
  readonly forget: boolean;
  readonly watch: boolean;
}

/**
 * Why a clause is skipped. `not claimed`: the driver promises nothing that the clause could test. `no means`: it does,
 * and the subject has not what it takes to test it; the clause stays unproven.
 */
export interface Unmet {
  readonly kind: 'not claimed' | 'no means';
  /** Follows "skipped: ". */
  readonly reason: string;
  /** All that the subject would have to bring: the names of faults, or `module`. */
  readonly missing: readonly string[];
}

type Judge = (facts: SubjectFacts) => Unmet | undefined;

const JUDGES: Readonly<Record<ClauseNeed, Judge>> = {
  atomicCommit: claim('atomicCommit', ({ capabilities }) => capabilities.atomicCommit),
  conditionalCommit: claim('conditionalCommit', ({ capabilities }) => capabilities.conditionalCommit),
  'durability process': claim('durability process', ({ capabilities }) => capabilities.durability !== 'none'),
  'durability host': claim('durability host', ({ capabilities }) =>
    /^(host|replicated)$/.test(capabilities.durability),
  ),
  forget: claim('forget', ({ forget }) => forget),
  sharedAcrossProcesses: claim('sharedAcrossProcesses', ({ capabilities }) => capabilities.sharedAcrossProcesses),
  watch: claim('watch', ({ watch }) => watch),
  'reading alone': claim('access with read rights alone (faults.readOnly)', (facts) => {
    const { readOnly } = facts.subject.faults ?? {};
    return readOnly !== false && (readOnly !== undefined || isExternal(facts));
  }),
  'backend of its own': claim('a backend outside of its process', isExternal),
  module: means('module', ({ subject }) => subject.module !== undefined),
  'module if shared': means(
    'module',
    ({ subject, capabilities }) => !capabilities.sharedAcrossProcesses || subject.module !== undefined,
  ),
  'means to interrupt': means(
    'faults.failCommits.midway, and no module for a process to kill',
    canInterrupt,
    'faults.failCommits.midway',
  ),
  readOnly: means('faults.readOnly', ({ subject }) => subject.faults?.readOnly !== undefined),
  raw: means('faults.raw', ({ subject }) => subject.faults?.raw !== undefined),
  rollback: means('faults.rollback', ({ subject }) => subject.faults?.rollback !== undefined),
  empty: means('faults.empty', ({ subject }) => subject.faults?.empty !== undefined),
  stop: means('faults.stop and start', canStop),
  'stop or pause': means(
    'faults.stop and start, or pause and resume',
    (facts) => canStop(facts) || canPause(facts),
    'faults.stop and start',
  ),
  'stop if external': means('faults.stop and start', (facts) => !isExternal(facts) || canStop(facts)),
  'pause if external': means('faults.pause and resume', (facts) => !isExternal(facts) || canPause(facts)),
  'failCommits.before': means('faults.failCommits.before', ({ subject }) =>
    Boolean(subject.faults?.failCommits?.before),
  ),
  failReads: means('faults.failReads', ({ subject }) => subject.faults?.failReads !== undefined),
  syncsBeforeAcknowledging: means('faults.syncsBeforeAcknowledging', ({ subject }) =>
    Boolean(subject.faults?.syncsBeforeAcknowledging),
  ),
  missing: means('faults.missing', ({ subject }) => subject.faults?.missing !== undefined),
};

/** The first need that is not met, if there is one; what is not claimed comes before what is not there. */
export function unmetNeed(needs: readonly ClauseNeed[], facts: SubjectFacts): Unmet | undefined {
  const unmet = needs.map((need) => JUDGES[need](facts)).filter((each) => each !== undefined);
  const [first] = unmet;
  const unclaimed = unmet.find(({ kind }) => kind === 'not claimed');
  return unclaimed ?? (first && { ...first, missing: unmet.flatMap(({ missing }) => missing) });
}

function claim(what: string, isMet: (facts: SubjectFacts) => boolean): Judge {
  const unmet: Unmet = { kind: 'not claimed', reason: `the driver does not claim ${what}`, missing: [] };
  return (facts) => (isMet(facts) ? undefined : unmet);
}

/** `what` may name more than the one thing that would do. */
function means(what: string, isMet: (facts: SubjectFacts) => boolean, missing: string = what): Judge {
  const unmet: Unmet = { kind: 'no means', reason: `the subject has no ${what}`, missing: [missing] };
  return (facts) => (isMet(facts) ? undefined : unmet);
}

function canStop({ subject: { faults } }: SubjectFacts): boolean {
  return faults?.stop !== undefined && faults.start !== undefined;
}

function canPause({ subject: { faults } }: SubjectFacts): boolean {
  return faults?.pause !== undefined && faults.resume !== undefined;
}

function isExternal({ capabilities }: SubjectFacts): boolean {
  return capabilities.durability !== 'none' || capabilities.sharedAcrossProcesses;
}

function canInterrupt({ subject, capabilities }: SubjectFacts): boolean {
  if (subject.faults?.failCommits?.midway !== undefined) return true;
  return subject.module !== undefined && capabilities.durability !== 'none';
}
