/**
 * The environment of the test files that share a stack. No file of them knows whether it is the last one; Vitest takes an environment down
 * once, when the process has run its last file, and waits for it.
 */
import type { Environment } from 'vitest/runtime';

declare global {
  /** What ends with this process, newest first. A global, because the environment loads its modules apart from those of the tests. */
  var endsWithProcess: (() => Promise<void>)[] | undefined;
}

const environment: Environment = {
  name: 'shared',
  viteEnvironment: 'ssr',
  setup(global: typeof globalThis) {
    const ends: (() => Promise<void>)[] = [];
    global.endsWithProcess = ends;
    return {
      async teardown() {
        for (const end of ends.reverse()) await end();
      },
    };
  },
};

export default environment;
