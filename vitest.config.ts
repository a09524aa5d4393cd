import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  // The package is tested from its source; as packed, in test/client.
  resolve: { alias: { '@countersign/client': fileURLToPath(new URL('src/client/index.ts', import.meta.url)) } },
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
