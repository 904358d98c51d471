import { describe, expect, it } from 'vitest';
import { isAccountKeeperError } from '../../../src/core/errors.js';
import { formatHeadMeta, parseHeadMeta } from '../../../src/core/ownership/head-meta.js';
import { judge, type KnownHead } from '../../../src/core/restore/rollback.js';

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
