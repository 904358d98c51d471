import { DRIVER_MUTANTS } from './drivers.js';
import type { Mutant } from './mutant.js';
import { RECOVERY_MUTANTS } from './recovering.js';
import { WRITING_MUTANTS } from './writing.js';

/** What a store, a scheduler or a driver can get wrong. */
export const MUTANTS: readonly Mutant[] = [...DRIVER_MUTANTS, ...WRITING_MUTANTS, ...RECOVERY_MUTANTS];
