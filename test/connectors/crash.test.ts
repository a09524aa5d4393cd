/** kill -9 of the process that executes, at every point that leaves something else behind: the effect happens at most once, and its outcome is told truthfully. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { inspect } from 'node:util';
import { build } from 'esbuild';
import pino from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connectorsSchema, createConnectors, createSecrets } from '../../src/connectors/index.ts';
import type { ActionRequest } from '../../src/contract/index.ts';
import { execute } from '../../src/engine/execute.ts';
import type { NotifyDeps } from '../../src/notify/deps.ts';
import { openConnectorWorld, PASSWORD, sqlRequest, type ConnectorWorld } from '../support/connector-world.ts';
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

const refund = (connector: string): ActionRequest => ({
  surface: 'payments.refund',
  action: 'refund.create',
  actor: { id: 'agent:support-bot', type: 'agent' },
  params: { amount: 42.5, currency: 'USD' },
  execution: { connector },
});

describe('HTTP', () => {
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

describe('a connector that fails', () => {
  const SECRET = 'planted-secret-3307';

  /** The engine with a log of everything, in text. */
  function listening(deps: NotifyDeps): { deps: NotifyDeps; heard: () => string } {
    let text = '';
    const stream = new Writable({
      write(chunk, _encoding, done) {
        text += String(chunk);
        done();
      },
    });
    return { deps: { ...deps, log: pino({ level: 'trace' }, stream) }, heard: () => text };
  }

  /** A receiver that says the secret back, in its headers and its body. */
  async function gossip(status: number): Promise<{ url: string; close(): void }> {
    const server = createServer((request, response) => {
      const { authorization = '' } = request.headers;
      response.writeHead(status, { 'x-echo': authorization, 'content-type': 'application/json' });
      response.end(JSON.stringify({ error: authorization, id: authorization }));
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, close: () => server.close() };
  }

  const throwing = (deps: NotifyDeps): NotifyDeps => ({
    ...deps,
    connectors: {
      ...deps.connectors,
      find: (...which) => {
        const found = deps.connectors.find(...which);
        const execute = () => Promise.reject(new Error(`Bearer ${SECRET} at postgres://agent:${PASSWORD}@host/db`));
        return found === null ? null : { ...found, execute };
      },
    },
  });

  it.each<[string, number, (deps: NotifyDeps) => NotifyDeps]>([
    ['a receiver that says the secret back', 200, (deps) => deps],
    ['one that says it back and fails', 500, (deps) => deps],
    ['one that says it back and refuses', 422, (deps) => deps],
    ['code that throws it', 200, throwing],
  ])('tells no secret in a log line, an error or a record: %s', async (_what, status, change) => {
    const receiver = await gossip(status);
    const plain = depsFor(receiver.url);
    const { id } = await world.ask(refund('ledger-http'), plain);
    const { deps, heard } = listening(change(plain));
    const thrown: unknown = await execute(deps, { action: { tenant: 'default', id } }).catch((error: unknown) => error);
    receiver.close();
    const { records } = await world.parts.store.records.list('default', { action: id }, undefined, 100);
    const life = await world.parts.store.payloads.read('default', id);
    const told = [heard(), inspect(thrown, { depth: 10, showHidden: true }), JSON.stringify([records, life?.payload])];
    for (const secret of [SECRET, PASSWORD]) expect(told.join('\n')).not.toContain(secret);
  });

  it('tells no secret of a database that it cannot reach', async () => {
    const { id } = await world.ask(
      sqlRequest('update orders set total = total where id = 31'),
      depsFor(world.owners.agent),
    );
    const wrong = new URL(world.owners.agent);
    wrong.password = SECRET;
    wrong.pathname = '/nowhere';
    const { deps, heard } = listening(depsFor(wrong.href));
    const thrown: unknown = await execute(deps, { action: { tenant: 'default', id } }).catch((error: unknown) => error);
    const told = `${heard()}\n${inspect(thrown, { depth: 10, showHidden: true })}`;
    for (const secret of [SECRET, PASSWORD]) expect(told).not.toContain(secret);
  });
});
