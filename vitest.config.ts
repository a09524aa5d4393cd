import { randomInt } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';
import { built, BUILT_FILES } from './test/support/built.ts';
import { NOT_ON_CLUSTER } from './test/support/not-on-cluster.ts';
import { ByProject } from './test/support/sequencer.ts';

// One seed for all that is random in a run; the processes that run the test files inherit it.
process.env['COUNTERSIGN_TEST_SEED'] ??= String(randomInt(1, 2 ** 31));

/**
 * Rooms without I/O, and what is tested with values alone: no Temporal, no PostgreSQL, no set-up. Not the few tests of them that need
 * a database or Temporal's bundler, or that tamper with whole logs for minutes.
 */
const PURE = [
  'test/{audit,availability,canonical,contract,export,identity,ledger,policy,sealing,vectors}/**/*.test.ts',
  'test/approval/!(bundle).test.ts',
  'test/console/view.test.ts',
  'test/evidence/!(rows|tamper).test.ts',
  'test/client/verify.test.ts',
];
/** A whole stack: Temporal's server, PostgreSQL, the API, a worker and Slack. */
const STACK = ['test/{attack,client,e2e,main,privacy,scenarios,temporal,time}/**/*.test.ts'];
/** Of these, the files that leave a stack as they found it: those that one process runs share one. */
const SHARED = [
  'test/client/{attacks,crash}.test.ts',
  'test/client/agents.test.ts',
  'test/e2e/github-rule.test.ts',
  'test/e2e/run.test.ts',
  'test/e2e/{account,action,announced,auditor,authzen,browser,budgets,candidates,codec,console,faults,forged,manners,mcp,passkey-browser,reading,replay-order,rolling,slack,starts,statements}.test.ts',
  'test/temporal/{nexus,outsider,plugin,python}.test.ts',
];

/**
 * Files with a process each: they watch memory or need much of it, start and kill much beside it, or do not bear with what others left
 * there. A process of its own costs a file seconds of processor time for what it loads.
 */
const ALONE = [
  'test/evidence/{rows,tamper}.test.ts',
  'test/gateway/large-files.test.ts',
  'test/connectors/{crash,sql}.test.ts',
  'test/sequencer/crash.test.ts',
  'test/interop/**/*.test.ts',
  'test/attack/random.test.ts',
  'test/e2e/{commands,demo,local-slack,outages,package,policy-limits,processes}.test.ts',
  'test/main/{start,temporal-binary,temporal-server}.test.ts',
  'test/scenarios/**/*.test.ts',
];

const within = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

export default defineConfig({
  // The package is tested from its source; as packed, in test/client.
  resolve: {
    alias: {
      '@countersign/client/agent': within('src/client/agent/index.ts'),
      '@countersign/client/verify': within('src/client/verify/index.ts'),
      '@countersign/temporal': within('src/temporal/index.ts'),
      '@countersign/client': within('src/client/index.ts'),
    },
  },
  test: {
    // The real server, PostgreSQL and Chromium share two cores. Tests wait for timers and for each other's processes most of their time, so
    // four files at once; no test is a race against the clock.
    maxWorkers: 4,
    testTimeout: 60_000,
    hookTimeout: 300_000,
    // A shared stack stops when its process ends.
    teardownTimeout: 60_000,
    sequence: { sequencer: ByProject },
    reporters: ['default', './test/support/ending.ts'],
    projects: [
      {
        extends: true,
        // Nothing in them is state, so they share what they load.
        test: {
          name: 'pure',
          include: PURE,
          isolate: false,
          setupFiles: ['test/support/seed.ts', 'test/support/left-as-found.ts'],
        },
      },
      {
        extends: true,
        plugins: [built],
        test: {
          name: 'parts',
          server: { deps: { external: BUILT_FILES } },
          include: ['test/**/*.test.ts'],
          exclude: [...STACK, ...PURE, ...ALONE],
          pool: 'forks',
          isolate: false,
          globalSetup: ['test/support/cluster.ts'],
          setupFiles: ['test/support/seed.ts', 'test/support/left-as-found.ts'],
        },
      },
      {
        extends: true,
        plugins: [built],
        test: {
          name: 'alone',
          server: { deps: { external: BUILT_FILES } },
          include: ALONE,
          exclude: [...NOT_ON_CLUSTER],
          globalSetup: ['test/support/cluster.ts', 'test/support/temporal.ts'],
          setupFiles: ['test/support/seed.ts'],
        },
      },
      {
        extends: true,
        plugins: [built],
        test: {
          name: 'stack',
          server: { deps: { external: BUILT_FILES } },
          include: STACK,
          exclude: [...PURE, ...SHARED, ...ALONE, ...NOT_ON_CLUSTER],
          pool: 'forks',
          isolate: false,
          globalSetup: ['test/support/cluster.ts', 'test/support/temporal.ts'],
          setupFiles: ['test/support/seed.ts', 'test/support/left-as-found.ts'],
        },
      },
      {
        extends: true,
        plugins: [built],
        test: {
          name: 'shared',
          server: { deps: { external: BUILT_FILES } },
          include: SHARED,
          pool: 'forks',
          isolate: false,
          environment: './test/support/shared-environment.ts',
          globalSetup: ['test/support/cluster.ts', 'test/support/temporal.ts', 'test/support/shared-home.ts'],
          setupFiles: ['test/support/seed.ts', 'test/support/left-as-found.ts', 'test/support/shared-setup.ts'],
        },
      },
    ],
  },
});
