/**
 * A process that executes one action, and kills itself at a named point. Arguments: data folder, address of the engine's database, address of
 * the connector's database or receiver, id of the action, point.
 */
import { activityDeps, createLogger, openParts } from '../../src/main/parts.ts';
import { connectorsSchema, createConnectors, createSecrets } from '../../src/connectors/index.ts';
import type { Connector, Connectors } from '../../src/engine/connectors.ts';
import { execute } from '../../src/engine/execute.ts';
import { loadConfig } from '../../src/main/config.ts';
import { settingsOf } from './settings.ts';

const [, , dataDir = '', database = '', address = '', id = '', point = ''] = process.argv;

const die = (): void => void process.kill(process.pid, 'SIGKILL');
/** Nothing goes on after the signal, also where it takes a moment. */
const dieAt = async (here: string): Promise<void> => {
  if (here !== point) return;
  die();
  await new Promise(() => undefined);
};

const config = loadConfig({
  COUNTERSIGN_DATA: dataDir,
  COUNTERSIGN_POLICIES: 'policies',
  COUNTERSIGN_LOG_LEVEL: 'error',
});
const parts = await openParts(config, database, createLogger('error'));
const { connectors } = connectorsSchema.parse({ connectors: settingsOf(address) });
const real = createConnectors(connectors, createSecrets({ DB: address, KEY: 'Bearer planted-secret-3307' }));

const dying: Connectors = {
  find(tenant, request) {
    const found: Connector | null = real.find(tenant, request);
    return (
      found && {
        ...found,
        // Short: whoever comes next waits for it.
        timeoutMs: -9000,
        async execute(run) {
          let notes = 0;
          await dieAt('before the connector');
          const answer = await found.execute({
            ...run,
            async note(note) {
              await run.note(note);
              notes += 1;
              await dieAt(`after note ${notes}`);
            },
          });
          await dieAt('after the effect');
          return answer;
        },
      }
    );
  },
};

const deps = { ...activityDeps(parts, null, null), connectors: dying };
const { executions } = parts.store;
await dieAt('at the start');
await execute(
  {
    ...deps,
    store: {
      ...parts.store,
      executions: {
        ...executions,
        async claim(...args) {
          await dieAt('after the redemption');
          const lease = await executions.claim(...args);
          await dieAt('after the lease');
          return lease;
        },
        async remove(lease) {
          await dieAt('after the outcome');
          await executions.remove(lease);
        },
      },
    },
  },
  { action: { tenant: 'default', id } },
);
process.exit(0);
