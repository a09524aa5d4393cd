/** Before each test file: what is random comes from one seed, which `COUNTERSIGN_TEST_SEED` gives back. */
import fc from 'fast-check';

/** Of this run; `vitest.config.ts` draws it, and the end of the run names it. */
export const SEED = Number(process.env['COUNTERSIGN_TEST_SEED'] ?? 1);

fc.configureGlobal({ seed: SEED });
