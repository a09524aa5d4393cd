import { EvidenceError } from '../../src/ledger/index.ts';

/** Why evidence was refused, `valid` when it was not; any other error is the test's. */
export async function reasonOf(run: () => unknown): Promise<string> {
  try {
    await run();
    return 'valid';
  } catch (error) {
    if (error instanceof EvidenceError && error.code === 'invalid-evidence') return error.reason;
    throw error;
  }
}
