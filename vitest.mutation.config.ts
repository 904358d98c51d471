import { defineConfig } from 'vitest/config';

/** The tests that mutants of the scheduler and the codecs have to survive: those that run in memory. */
export default defineConfig({
  test: {
    include: ['test/core/flush/**/*.test.ts', 'test/core/store/**/*.test.ts', 'test/core/codec/**/*.test.ts'],
    testTimeout: 5_000,
  },
});
