/** A database of before, put back by PostgreSQL: nothing is granted twice, and what is missing is said. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decodeJwt } from 'jose';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { judge } from '../../src/engine/judge.ts';
import { redeemPermit } from '../../src/engine/redeem.ts';
import { ensureBundle, ensureFirstKey, ensureKeys } from '../../src/main/bootstrap.ts';
import { loadConfig } from '../../src/main/config.ts';
import { activityDeps, createLogger, openParts, type Parts } from '../../src/main/parts.ts';
import type { EmbeddedPostgres } from '../../src/store/index.ts';
import { openTestPostgres } from '../support/cluster.ts';
import { judgeInput } from '../support/judge-input.ts';

let dataDir: string;
let postgres: EmbeddedPostgres;
let parts: Parts | null = null;

beforeAll(async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'countersign-restore-'));
  postgres = await openTestPostgres({ dataDir });
});
afterEach(stop);
afterAll(async () => {
  await postgres.stop();
  rmSync(dataDir, { recursive: true, force: true });
});

/** What a process is made of, over the database of that name; `countersign` is the one in use. */
async function start(database = ''): Promise<Parts> {
  const url = new URL(postgres.connectionString);
  if (database !== '') url.pathname = `/${database}`;
  const config = loadConfig({ COUNTERSIGN_DATA: dataDir, COUNTERSIGN_POLICIES: 'policies' });
  parts = await openParts(config, url.href, createLogger('silent'));
  return parts;
}

/** As a process ends that is told to; what it knows of the log is on its disk. */
async function stop(): Promise<void> {
  await parts?.close();
  parts = null;
}

/** PostgreSQL's own copy of the database in use, of which nobody is using it. */
async function backup(name: string): Promise<void> {
  const url = new URL(postgres.connectionString);
  const used = url.pathname.slice(1);
  url.pathname = '/template1';
  const client = new pg.Client({ connectionString: url.href });
  await client.connect();
  await client.query(`create database ${name} template ${used}`);
  await client.end();
}

async function release(on: Parts, key: string): Promise<{ id: string; jti: string; until: number }> {
  const input = await judgeInput(on, key);
  const { action } = await judge(activityDeps(on, null, null), input);
  const { jti = '', exp = 0 } = decodeJwt(action.permit ?? '');
  return { id: input.id, jti, until: exp * 1000 };
}

const redeem = (on: Parts, { id, jti }: { id: string; jti: string }, at = Date.now()) =>
  redeemPermit(
    { ...activityDeps(on, null, null), now: () => new Date(at) },
    { tenant: 'default', id, jti, by: 'key:executor', redeemer: null, check: () => undefined },
  );

it('an older copy of our database releases nothing, redeems nothing, and says that it was cut back', async () => {
  const first = await start();
  await ensureKeys(first, () => undefined);
  const { key } = await ensureFirstKey(first);
  await ensureBundle(first);
  const released = await release(first, key ?? '');
  await stop();
  await backup('older');

  // What happened after the backup: the permit was used.
  const second = await start();
  await redeem(second, released);
  await expect(redeem(second, released)).rejects.toMatchObject({ code: 'permit-already-redeemed' });
  await stop();

  // In the copy it was not, and it has not expired. The data folder knows that the log was longer.
  const restored = await start('older');
  expect(released.until).toBeGreaterThan(Date.now());
  const cutBack = { code: 'invalid-evidence', message: expect.stringMatching(/was cut back, or an old copy/) };
  await expect(redeem(restored, released)).rejects.toMatchObject(cutBack);
  await expect(release(restored, key ?? '')).rejects.toMatchObject(cutBack);
  await stop();

  // Whoever has to go on with it does so on purpose, after the last permit of before has expired (docs/operations.md).
  rmSync(join(dataDir, 'register'), { recursive: true });
  const accepted = await start('older');
  await expect(redeem(accepted, released, released.until + 1)).rejects.toMatchObject({ code: 'permit-expired' });
  await redeem(accepted, await release(accepted, key ?? ''));
  await stop();

  // From then on the log that was lost is another one: what was done on the copy is not undone by putting it back.
  const lost = await start();
  await expect(redeem(lost, released)).rejects.toMatchObject({ code: 'invalid-evidence' });
});
