import type { DriverCapabilities } from '../../src/core/persistence-driver.js';
import type { ContractSubject } from './subject.js';

/** What a clause can need: something that the driver claims, or a means of testing that the subject brings. */
export type ClauseNeed =
  | 'atomicCommit'
  | 'conditionalCommit'
  | 'durability process'
  | 'durability host'
  | 'commitMany'
  | 'backend of its own'
  | 'module'
  | 'module if shared'
  | 'means to interrupt'
  | 'raw'
  | 'rollback'
  | 'empty'
  | 'stop'
  | 'failCommits.before'
  | 'failReads'
  | 'syncsBeforeAcknowledging';

/** What needs are judged by. */
export interface SubjectFacts {
  readonly subject: ContractSubject;
  readonly capabilities: DriverCapabilities;
  /** Whether the driver has the optional method. */
  readonly commitMany: boolean;
}

/**
 * Why a clause is skipped. `not claimed`: the driver promises nothing that the clause could test. `no means`: it does,
 * and the subject has not what it takes to test it; the clause stays unproven.
 */
export interface Unmet {
  readonly kind: 'not claimed' | 'no means';
  /** Follows "skipped: ". */
  readonly reason: string;
}

type Judge = (facts: SubjectFacts) => Unmet | undefined;

const JUDGES: Readonly<Record<ClauseNeed, Judge>> = {
  atomicCommit: claim('atomicCommit', ({ capabilities }) => capabilities.atomicCommit),
  conditionalCommit: claim('conditionalCommit', ({ capabilities }) => capabilities.conditionalCommit),
  'durability process': claim('durability process', ({ capabilities }) => capabilities.durability !== 'none'),
  'durability host': claim('durability host', ({ capabilities }) =>
    /^(host|replicated)$/.test(capabilities.durability),
  ),
  commitMany: claim('commitMany', ({ commitMany }) => commitMany),
  'backend of its own': claim('a backend outside of its process', isExternal),
  module: means('module', ({ subject }) => subject.module !== undefined),
  'module if shared': means(
    'module',
    ({ subject, capabilities }) => !capabilities.sharedAcrossProcesses || subject.module !== undefined,
  ),
  'means to interrupt': means('faults.failCommits.midway, and no module for a process to kill', canInterrupt),
  raw: means('faults.raw', ({ subject }) => subject.faults?.raw !== undefined),
  rollback: means('faults.rollback', ({ subject }) => subject.faults?.rollback !== undefined),
  empty: means('faults.empty', ({ subject }) => subject.faults?.empty !== undefined),
  stop: means('faults.stop and start', ({ subject: { faults } }) => Boolean(faults?.stop && faults.start)),
  'failCommits.before': means('faults.failCommits.before', ({ subject }) =>
    Boolean(subject.faults?.failCommits?.before),
  ),
  failReads: means('faults.failReads', ({ subject }) => subject.faults?.failReads !== undefined),
  syncsBeforeAcknowledging: means('faults.syncsBeforeAcknowledging', ({ subject }) =>
    Boolean(subject.faults?.syncsBeforeAcknowledging),
  ),
};

/** The first need that is not met, if there is one; what is not claimed comes before what is not there. */
export function unmetNeed(needs: readonly ClauseNeed[], facts: SubjectFacts): Unmet | undefined {
  const unmet = needs.map((need) => JUDGES[need](facts)).filter((each) => each !== undefined);
  return unmet.find(({ kind }) => kind === 'not claimed') ?? unmet[0];
}

function claim(what: string, isMet: (facts: SubjectFacts) => boolean): Judge {
  const unmet: Unmet = { kind: 'not claimed', reason: `the driver does not claim ${what}` };
  return (facts) => (isMet(facts) ? undefined : unmet);
}

function means(what: string, isMet: (facts: SubjectFacts) => boolean): Judge {
  const unmet: Unmet = { kind: 'no means', reason: `the subject has no ${what}` };
  return (facts) => (isMet(facts) ? undefined : unmet);
}

function isExternal({ capabilities }: SubjectFacts): boolean {
  return capabilities.durability !== 'none' || capabilities.sharedAcrossProcesses;
}

function canInterrupt({ subject, capabilities }: SubjectFacts): boolean {
  if (subject.faults?.failCommits?.midway !== undefined) return true;
  return subject.module !== undefined && capabilities.durability !== 'none';
}
