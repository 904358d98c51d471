import type { Mutant } from './mutant.js';

/** What a driver or its backend can get wrong. */
export const DRIVER_MUTANTS: readonly Mutant[] = [
  {
    name: 'compares-the-revision-alone',
    description: 'The backend compares the expected revision, and not who wrote it.',
    kind: 'driver',
    mutant: 'compares-the-revision-alone',
  },
  {
    name: 'ignores-the-expected-head',
    description: 'The backend writes whatever head is stored.',
    kind: 'driver',
    mutant: 'ignores-the-expected-head',
  },
  {
    name: 'index-from-a-cached-copy',
    description: 'The driver writes the index of the records from a copy of its own.',
    kind: 'driver',
    mutant: 'index-from-a-cached-copy',
  },
  {
    name: 'loads-without-a-snapshot',
    description: 'The driver reads the records first and the head then.',
    kind: 'driver',
    mutant: 'loads-without-a-snapshot',
  },
];
