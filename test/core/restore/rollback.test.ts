import { describe, expect, it } from 'vitest';
import { type AccountKeeperError, isAccountKeeperError } from '../../../src/core/errors.js';
import type { KnownHead } from '../../../src/core/local-files/local-files.js';
import type { Spill } from '../../../src/core/local-files/spill.js';
import type { StoredSpill } from '../../../src/core/local-files/spill-folder.js';
import { formatHeadMeta, type HeadMeta, parseHeadMeta } from '../../../src/core/ownership/head-meta.js';
import type { AccountHead } from '../../../src/core/persistence-driver.js';
import type { RestoreOptions } from '../../../src/core/restore/restore-options.js';
import { judge, type Verdict } from '../../../src/core/restore/rollback.js';
import { sampleSpill } from '../local-files/sample-spill.js';

const META = formatHeadMeta({ released: false, replayed: [], claims: [], lineage: 'L1' }, 1_000);
const HEAD = { revision: 4, writerId: 'owner', writeId: 'w4', meta: META, dropped: false };

const OWN: KnownHead = { revision: 3, writeId: 'w3', lineage: 'L1', path: 'own.high-water' };
const FOREIGN: KnownHead = { revision: 9, writeId: 'x9', lineage: 'L2', path: 'foreign.high-water' };
/** What a driver remembers has no lineage. */
const REMEMBERED: KnownHead = { revision: 3, writeId: 'w3' };
/** Nor has a file of a version that knew of none. */
const OLD: KnownHead = { revision: 3, writeId: 'w3', path: 'old.high-water' };

function verdict(...known: KnownHead[]): string {
  try {
    const local = { known, spills: [], damaged: [] };
    return `foreign: ${judge('account', HEAD, parseHeadMeta(META), local, {}).foreign.join()}`;
  } catch (error) {
    return isAccountKeeperError(error) ? error.code : String(error);
  }
}

describe('files of another backend', () => {
  it('are left alone beside one of the stored lineage, and asked about where there is none', () => {
    expect(verdict()).toBe('foreign: ');
    expect(verdict(OWN)).toBe('foreign: ');
    expect(verdict(OWN, FOREIGN)).toBe('foreign: foreign.high-water');
    expect(verdict(OLD, FOREIGN)).toBe('foreign: foreign.high-water');
    expect(verdict(FOREIGN)).toBe('ROLLED_BACK');
  });

  it('are asked about also when the driver remembers the account', () => {
    expect(verdict(REMEMBERED)).toBe('foreign: ');
    expect(verdict(REMEMBERED, FOREIGN)).toBe('ROLLED_BACK');
  });
});

interface Situation {
  readonly head?: AccountHead | undefined;
  readonly known?: readonly KnownHead[];
  readonly spills?: readonly StoredSpill[];
  readonly options?: RestoreOptions;
}

/** What is said where, unless told otherwise, the head of revision 4 is stored. */
function judged({ known = [], spills = [], options = {}, ...rest }: Situation): Verdict {
  const head = 'head' in rest ? rest.head : HEAD;
  return judge('account', head, parseHeadMeta(head?.meta ?? ''), { known, spills, damaged: [] }, options);
}

function refusal(situation: Situation): AccountKeeperError {
  try {
    judged(situation);
  } catch (error) {
    if (isAccountKeeperError(error)) return error;
    throw error;
  }
  throw new Error('nothing was refused');
}

/** A spill of the stored lineage, on top of a head. */
function spillOn(base: Spill['base'], changes: Partial<Spill> = {}): StoredSpill {
  const spill = sampleSpill({ id: 's1', lineage: 'L1', base, unfinished: undefined, ...changes });
  return { path: `${spill.id}.spill`, spill };
}

/** The operator's word for the head that {@link judged} says is stored. */
function word(keep: 'backend' | 'local', changes: { revision?: number; writeId?: string } = {}): RestoreOptions {
  return { onRolledBack: { keep, revision: 4, writeId: 'w4', ...changes } };
}

/** The head of revision 4, stored by a work of which not all commits are there. */
function half(id: string): AccountHead {
  const meta: HeadMeta = { ...parseHeadMeta(META), unfinished: { id, part: 1 } };
  return { ...HEAD, meta: formatHeadMeta(meta) };
}

const NEWER: KnownHead = { revision: 9, writeId: 'w9', lineage: 'L1', path: 'newer.high-water' };

describe('what goes on from what is stored', () => {
  it('is not the word of an operator when nobody had to be asked', () => {
    for (const options of [{}, word('backend'), word('local')]) {
      expect(judged({ known: [OWN], options })).toMatchObject({ isOperators: false, local: undefined });
    }
  });

  it('lies above what is known of the stored history, and not of another backend', () => {
    expect(judged({ known: [OWN, FOREIGN] }).floor).toBe(3);
    expect(judged({ known: [] }).floor).toBe(0);
  });

  it('lies above all that is known where nothing is stored', () => {
    const options = { onRolledBack: { keep: 'backend', revision: 0, writeId: '' } } as const;
    const verdict = judged({ head: undefined, known: [OLD, FOREIGN], options });
    expect(verdict).toMatchObject({ floor: 9, isOperators: true, foreign: ['foreign.high-water'] });
  });

  it('names files alone as foreign, not what the process saw of another backend', () => {
    const seen: KnownHead = { revision: 2, writeId: 'x2', lineage: 'L2' };
    expect(judged({ known: [OWN, seen] }).foreign).toEqual([]);
  });
});

describe('a head that is known and is not the stored one', () => {
  it('is missed when it is newer, and when it has the same revision', () => {
    expect(refusal({ known: [NEWER] }).code).toBe('ROLLED_BACK');
    expect(refusal({ known: [{ ...NEWER, revision: 4 }] }).code).toBe('ROLLED_BACK');
    expect(judged({ known: [{ ...NEWER, revision: 4, writeId: 'w4' }] }).floor).toBe(4);
  });

  it('is missed until the operator names the head that is stored, by revision and write', () => {
    expect(refusal({ known: [NEWER], options: word('backend', { writeId: 'w3' }) }).code).toBe('ROLLED_BACK');
    expect(refusal({ known: [NEWER], options: word('backend', { revision: 3 }) }).code).toBe('ROLLED_BACK');
    expect(judged({ known: [NEWER], options: word('backend') })).toMatchObject({ isOperators: true, floor: 9 });
  });

  it('is told with the stored one, where that is known from, and the account', () => {
    const error = refusal({ known: [NEWER] });
    expect(error).toMatchObject({ head: HEAD, known: { revision: 9, writeId: 'w9' } });
    for (const part of ['"account"', 'revision 4 (w4)', 'revision 9 (w9)', 'newer.high-water']) {
      expect(error.message).toContain(part);
    }
    const { path: _, ...seen } = NEWER;
    expect(refusal({ known: [seen] }).message).toContain('this process saw it');
    expect(refusal({ head: undefined, known: [NEWER] }).message).toContain('nothing is stored');
  });
});

describe('the spill that takes the place of what is stored', () => {
  it('is the one on top of the newest known head, whichever is named first', () => {
    const [older, newest] = [spillOn({ revision: 7, writeId: 'w7' }), spillOn(NEWER, { id: 's2' })];
    const seven: KnownHead = { revision: 7, writeId: 'w7', lineage: 'L1', path: older.path };
    for (const known of [
      [seven, NEWER],
      [NEWER, seven],
    ]) {
      const { local } = judged({ known, spills: [older, newest], options: word('local') });
      expect(local).toBe(newest);
    }
  });

  it.each([
    ['lies on an older head', spillOn({ revision: 7, writeId: 'w7' })],
    ['lies on nothing', spillOn(undefined)],
    ['is of a store that was fenced', spillOn(NEWER, { fenced: true })],
  ])('is none that %s: it is not offered, and not taken', (_, spill) => {
    const situation = { known: [NEWER], spills: [spill] };
    const { message } = refusal(situation);
    expect(message).toContain("keep: 'backend'");
    expect(message).not.toContain("keep: 'local'");
    expect(message.endsWith('goes on with what is stored')).toBe(true);
    expect(refusal({ ...situation, options: word('local') }).code).toBe('ROLLED_BACK');
  });

  it('is offered with its path', () => {
    expect(refusal({ known: [NEWER], spills: [spillOn(NEWER)] }).message).toContain('s1.spill');
  });
});

describe('the half of a whole', () => {
  const whole = spillOn({ revision: 3, writeId: 'w3' });

  it('is completed from the spill that was being written in its place', () => {
    expect(judged({ head: half('local:s1'), spills: [whole] })).toMatchObject({ local: whole, isOperators: false });
    const unfinished = spillOn({ revision: 3, writeId: 'w3' }, { unfinished: 'rewrite:7' });
    expect(judged({ head: half('rewrite:7'), spills: [unfinished] }).local).toBe(unfinished);
  });

  it('is completed by the replay of the spill that was being replayed', () => {
    const verdict = judged({ head: half('replay:s1'), spills: [whole] });
    expect(verdict).toMatchObject({ local: undefined, spills: [whole], isOperators: false });
  });

  it('is not taken for an account without that spill', () => {
    const other = spillOn({ revision: 3, writeId: 'w3' }, { id: 's2' });
    const fenced = spillOn({ revision: 3, writeId: 'w3' }, { fenced: true });
    for (const spills of [[], [other], [fenced]]) {
      const error = refusal({ head: half('local:s1'), spills });
      expect(error).toMatchObject({ code: 'CORRUPT', head: half('local:s1') });
    }
  });

  it('stays as it is at the word of the operator, and only where that names it', () => {
    const situation = { head: half('local:s1'), spills: [whole] };
    expect(judged({ ...situation, options: word('backend') })).toMatchObject({ local: undefined, isOperators: true });
    for (const options of [word('backend', { revision: 3 }), word('backend', { writeId: 'w3' }), word('local')]) {
      expect(judged({ ...situation, options })).toMatchObject({ local: whole, isOperators: false });
    }
  });
});

describe('an account that has to be as new as the caller expects', () => {
  it('is refused with the head that is stored instead', () => {
    const dropped = { ...HEAD, dropped: true };
    const missing = refusal({ head: dropped, options: { mustExist: true } });
    expect(missing).toMatchObject({ code: 'ROLLED_BACK', head: dropped });
    expect(missing.message).toContain('"account"');
    const older = refusal({ options: { minRevision: 5 } });
    expect(older).toMatchObject({ code: 'ROLLED_BACK', head: HEAD });
    for (const part of ['"account"', 'revision 5', 'revision 4 (w4)']) expect(older.message).toContain(part);
    expect(judged({ options: { mustExist: true, minRevision: 4 } }).floor).toBe(0);
  });
});
