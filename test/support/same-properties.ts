import { configureGlobal } from 'fast-check';

/** For runs that repeat the tests often: properties try the same cases each time, and do not shrink what fails. */
configureGlobal({ seed: 1, endOnFailure: true });
