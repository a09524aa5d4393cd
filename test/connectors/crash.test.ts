/** kill -9 of the process that executes, at every point that leaves something else behind: the effect happens at most once, and its outcome is told truthfully. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connectorsSchema, createConnectors, createSecrets } from '../../src/connectors/index.ts';
import type { ActionRequest } from '../../src/contract/index.ts';
import { execute } from '../../src/engine/execute.ts';
import type { NotifyDeps } from '../../src/notify/deps.ts';
import { openConnectorWorld, sqlRequest, type ConnectorWorld } from '../support/connector-world.ts';
import { eventually } from '../support/eventually.ts';
import { openReceiver, type Receiver } from '../support/receiver.ts';
import { settingsOf } from './settings.ts';

const EXECUTOR = fileURLToPath(new URL('executor.ts', import.meta.url));
/** Inside the tree, so that what it imports of packages is found. */
const BUILT = fileURLToPath(new URL(`../../node_modules/.cache/executor-${process.pid}.mjs`, import.meta.url));

let world: ConnectorWorld;
let receiver: Receiver;
beforeAll(async () => {
  [world, receiver] = await Promise.all([
    openConnectorWorld(),
    openReceiver(),
    // Once, for all the processes that are to die.
    build({
      entryPoints: [EXECUTOR],
      outfile: BUILT,
      bundle: true,
      packages: 'external',
      platform: 'node',
      format: 'esm',
    }),
  ]);
});
afterAll(async () => {
  await world.close();
  await receiver.close();
  rmSync(BUILT);
});

function depsFor(address: string): NotifyDeps {
  const { connectors } = connectorsSchema.parse({ connectors: settingsOf(address) });
  const secrets = createSecrets({ DB: address, KEY: 'Bearer planted-secret-3307' });
  return world.deps(createConnectors(connectors, secrets));
}

/** Runs the executor in a process of its own, to the point where it dies. */
async function dieAt(point: string, address: string, id: string): Promise<void> {
  const args = [BUILT, world.dataDir, world.database, address, id, point];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'inherit', 'inherit'] });
  const [code, signal] = (await once(child, 'exit')) as [number | null, string | null];
  expect({ point, code, signal }).toEqual({ point, code: null, signal: 'SIGKILL' });
}

/** As Temporal does: again, as long as it is told to. */
const finish = (deps: NotifyDeps, id: string): Promise<true> =>
  eventually(`${id} is executed`, async () => {
    try {
      await execute(deps, { action: { tenant: 'default', id } });
      return true;
    } catch {
      return undefined;
    }
  });

describe('SQL', () => {
  it.each(['after the redemption', 'after note 1', 'after note 2', 'after the effect'])('killed %s', async (point) => {
    const address = world.owners.agent;
    const deps = depsFor(address);
    const [{ n = 0 } = {}] = await world.owners.query(`select total::int as n from orders where id = 30`);
    const { id } = await world.ask(sqlRequest('update orders set total = total + 1 where id = 30'), deps);
    await dieAt(point, address, id);
    await finish(deps, id);
    expect(await world.status(id)).toBe('executed');
    expect(await world.records(id)).toEqual(['verdict', 'release', 'redemption', 'outcome']);
    expect(await world.owners.query('select total::int as n from orders where id = 30')).toEqual([
      { n: Number(n) + 1 },
    ]);
  });
});

describe('HTTP', () => {
  const refund = (connector: string): ActionRequest => ({
    surface: 'payments.refund',
    action: 'refund.create',
    actor: { id: 'agent:support-bot', type: 'agent' },
    params: { amount: 42.5, currency: 'USD' },
    execution: { connector },
  });
  const keys = (id: string): number => receiver.all.filter(({ headers }) => headers['idempotency-key'] === id).length;

  it.each(['after the lease', 'after the effect', 'after the outcome'])(
    'to a receiver that does a key once, killed %s',
    async (point) => {
      const deps = depsFor(receiver.url);
      const { id } = await world.ask(refund('ledger-http'), deps);
      await dieAt(point, receiver.url, id);
      await finish(deps, id);
      expect(await world.status(id)).toBe('executed');
      // Another time where nobody knows what became of the first, always under the same key.
      expect(keys(id)).toBe(point === 'after the effect' ? 2 : 1);
    },
  );

  it.each(['before the connector', 'after note 1', 'after the effect'])(
    'to a receiver that does a key twice, killed %s',
    async (point) => {
      const deps = depsFor(receiver.url);
      const { id } = await world.ask(refund('careless-http'), deps);
      await dieAt(point, receiver.url, id);
      await finish(deps, id);
      const sent = point === 'after note 1' ? 0 : 1;
      expect(keys(id)).toBe(sent);
      // Nobody can tell whether it arrived: an owner reconciles it.
      const unknown = point === 'after note 1' || point === 'after the effect';
      expect(await world.status(id)).toBe(unknown ? 'released' : 'executed');
    },
  );
});
