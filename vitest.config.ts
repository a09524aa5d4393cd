import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    exclude: ['test/lint/fixtures/**'],
    globalSetup: ['test/support/temporal.ts'],
    // The real server, PostgreSQL and Chromium share two cores: few files at once, and no test is a race against the clock.
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 300_000,
  },
});
