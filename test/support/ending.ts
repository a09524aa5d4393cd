/** What a run says last: its seed, and which suites were skipped here, so that nobody takes their silence for success. */
import { relative } from 'node:path';
import type { Reporter, TestModule } from 'vitest/node';

export default class Ending implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const skipped = modules.filter((module) => {
      const tests = [...module.children.allTests()];
      return tests.length > 0 && tests.every((test) => test.result().state === 'skipped');
    });
    const named = skipped.map(({ moduleId }) => relative(process.cwd(), moduleId));
    if (named.length > 0) console.log(`skipped here, for want of what they need: ${named.join(', ')}`);
    console.log(`seed: COUNTERSIGN_TEST_SEED=${process.env['COUNTERSIGN_TEST_SEED']}`);
  }
}
