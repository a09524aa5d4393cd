/** The engine without Temporal, beside a database of an owner's: what connectors are tested in. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { hashOf } from '../../src/canonical/index.ts';
import type { Action, ActionRequest } from '../../src/contract/index.ts';
import { actionIdOf } from '../../src/engine/ids.ts';
import { judge } from '../../src/engine/judge.ts';
import type { Connectors } from '../../src/engine/connectors.ts';
import { readLife } from '../../src/engine/life.ts';
import { ensureBundle, ensureFirstKey, ensureKeys } from '../../src/main/bootstrap.ts';
import { loadConfig } from '../../src/main/config.ts';
import { activityDeps, createLogger, openParts, type Parts } from '../../src/main/parts.ts';
import type { NotifyDeps } from '../../src/notify/deps.ts';
import { openTestPostgres } from './cluster.ts';

export const PASSWORD = 'planted-secret-7731';

/** What the owner has: orders, their lines, and all that changes rows without saying so. */
const OWNERS = `
  create role orders_agent login password '${PASSWORD}';
  create table orders (id int primary key, customer text not null, status text not null default 'open', total numeric default 0);
  create table lines (id int primary key, "order" int references orders on delete cascade on update cascade, item text);
  create table audit (id int generated always as identity, what text);
  create table secrets (id int, word text);
  insert into orders select n, 'c' || n % 7, 'open', n from generate_series(1, 60) n;
  insert into lines select n, (n - 1) % 60 + 1, 'i' || n from generate_series(1, 240) n;
  insert into secrets values (1, 'x');
  create function sneaky() returns int language plpgsql as $$ begin update orders set status = 'sneaky'; return 1; end $$;
  create function noted() returns trigger language plpgsql security definer as $$
    begin if new.status = 'noted' then insert into audit (what) values (new.customer), (new.customer); end if; return new; end $$;
  create trigger noted after update on orders for each row execute function noted();
  create function late() returns trigger language plpgsql security definer as $$
    begin if new.status = 'late' then delete from lines where "order" = new.id; end if; return null; end $$;
  create constraint trigger late after update on orders deferrable initially deferred for each row execute function late();
  create view names as select id, customer from orders;
  grant select, insert, update, delete on orders, lines, names to orders_agent;`;

export interface OwnersDatabase {
  /** As the owner. */
  query(text: string): Promise<Record<string, unknown>[]>;
  /** Address of the role that the connector has. */
  agent: string;
  /** Address of the owner, who is a superuser. */
  owner: string;
  close(): Promise<void>;
}

/** Makes a database of its own on the server. */
export async function ownersDatabase(connectionString: string): Promise<OwnersDatabase> {
  const server = new pg.Client({ connectionString });
  await server.connect();
  await server.query('create database owners');
  await server.end();
  const owner = new URL(connectionString);
  owner.pathname = '/owners';
  const agent = new URL(owner);
  agent.username = 'orders_agent';
  agent.password = PASSWORD;
  const client = new pg.Client({ connectionString: owner.href });
  await client.connect();
  await client.query(OWNERS);
  return {
    query: async (text) => (await client.query<Record<string, unknown>>(text)).rows,
    agent: agent.href,
    owner: owner.href,
    close: () => client.end(),
  };
}

export interface ConnectorWorld {
  dataDir: string;
  /** Address of the engine's own database. */
  database: string;
  parts: Parts;
  owners: OwnersDatabase;
  deps(connectors: Connectors): NotifyDeps;
  /** Judges a request as the gateway has it judged, and seals the verdict. */
  ask(request: ActionRequest, deps: NotifyDeps): Promise<Action>;
  /** How it stands by its records. */
  status(id: string): Promise<string | undefined>;
  records(id: string): Promise<string[]>;
  close(): Promise<void>;
}

export async function openConnectorWorld(): Promise<ConnectorWorld> {
  const dataDir = mkdtempSync(join(tmpdir(), 'countersign-connectors-'));
  const postgres = await openTestPostgres({ dataDir });
  const config = loadConfig({
    COUNTERSIGN_DATA: dataDir,
    COUNTERSIGN_POLICIES: 'policies',
    COUNTERSIGN_LOG_LEVEL: 'error',
  });
  const parts = await openParts(config, postgres.connectionString, createLogger('error'));
  await ensureKeys(parts, () => undefined);
  const { key } = await ensureFirstKey(parts);
  await ensureBundle(parts);
  const owners = await ownersDatabase(postgres.connectionString);
  const caller = await parts.authenticate(`Bearer ${key ?? ''}`);
  return {
    dataDir,
    database: postgres.connectionString,
    parts,
    owners,
    deps: (connectors) => ({ ...activityDeps(parts, null, null), connectors }),
    async ask(request, deps) {
      const idempotencyKey = randomUUID();
      const id = actionIdOf(idempotencyKey);
      const token = await parts.attestor.attest({
        ...{ kind: 'start', tenant: 'default', action: id, by: caller.id, via: 'api', caller },
        ...{ requestHash: hashOf(request), bundle: null },
      });
      const createdAt = new Date().toISOString();
      return (await judge(deps, { request, tenant: 'default', idempotencyKey, token, id, createdAt })).action;
    },
    status: async (id) => (await readLife(activityDeps(parts, null, null), 'default', id))?.state.action.status,
    async records(id) {
      const { records } = await parts.store.records.list('default', { action: id }, undefined, 100);
      return records.map(({ record }) => record.type).reverse();
    },
    async close() {
      await owners.close();
      await parts.close();
      await postgres.stop();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

export const sqlRequest = (sql: string, values: (string | number | boolean | null)[] = []): ActionRequest => ({
  surface: 'db.orders',
  action: 'sql.run',
  actor: { id: 'agent:analyst', type: 'agent' },
  params: { sql, values },
  execution: { connector: 'orders-db' },
});
