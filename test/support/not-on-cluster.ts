/** Tests that make no sense where stacks are clusters of processes (`COUNTERSIGN_TEST_CLUSTER`), each with why. */

/** Says where a cluster for the tests is. */
export const CLUSTER = 'COUNTERSIGN_TEST_CLUSTER';

export const onCluster = process.env[CLUSTER] !== undefined;

const WHY = {
  within: 'it takes the place of a part within the process, or watches one',
  servers:
    'it stops or replaces the PostgreSQL and the Temporal that its stack started itself; chaos and cluster-restore do that to a cluster’s',
  addresses: 'it calls from thousands of addresses, and the services see that of their front',
  auto: 'it answers for the approvers, which only `countersign start` does',
};

const FILES: Record<string, string> = {
  'test/e2e/judging.test.ts': WHY.within,
  'test/e2e/slack-forged.test.ts': WHY.within,
  'test/e2e/hostile-tokens.test.ts': WHY.addresses,
  'test/e2e/hanging.test.ts': WHY.servers,
  'test/e2e/outages.test.ts': WHY.servers,
  'test/e2e/commands.test.ts': WHY.auto,
};

/** Files that are not run there. */
export const NOT_ON_CLUSTER: readonly string[] = onCluster ? Object.keys(FILES) : [];
