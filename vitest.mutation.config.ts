import { defineConfig } from 'vitest/config';

/**
 * The tests that mutants have to survive. Those that start processes are left out: a mutant is active in the process of
 * the tests alone.
 */
export default defineConfig({
  test: {
    include: [
      'account/{groups,transaction}',
      'codec/*',
      'local-files/*',
      'restore/*',
      'shared/batch-size',
      'store/*',
      'write-behind/*',
    ].map((each) => `test/core/${each}.test.ts`),
    exclude: [
      'test/core/local-files/killed.test.ts',
      'test/core/local-files/durable-file.test.ts',
      'test/core/local-files/side-by-side.test.ts',
      'test/core/store/exit.test.ts',
    ],
    setupFiles: ['test/support/same-properties.ts'],
    // Each mutant runs the tests again: loading every module for every file would take most of the time.
    isolate: false,
    testTimeout: 10_000,
  },
});
