import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts', 'examples/**/*.test.ts'],
    globalSetup: ['test/support/servers/install.ts'],
    // Most of the time goes into waiting for servers, not into computing.
    maxWorkers: 3,
    // Worker processes leave no compiled files in the folder of temporary ones.
    env: { TSX_DISABLE_CACHE: '1' },
    testTimeout: 70_000,
    hookTimeout: 60_000,
    coverage: {
      provider: 'v8',
      include: ['src/**/*.ts'],
      exclude: ['src/**/index.ts'],
      reporter: ['text-summary', 'text', 'json-summary'],
      thresholds: { lines: 95 },
    },
  },
});
