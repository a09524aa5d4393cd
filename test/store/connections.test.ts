/** A server that lets nobody else in: whoever operates it is told so, and not that it is away. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { expect, it } from 'vitest';
import { openStore } from '../../src/store/index.ts';
import { openTestPostgres } from '../support/cluster.ts';

/** Above the three that PostgreSQL keeps for its superuser, who we are. */
const MOST = 5;

it('says that there is no connection to spare', async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'countersign-connections-'));
  const { connectionString, stop } = await openTestPostgres({ dataDir, maxConnections: MOST });
  const others = Array.from({ length: MOST }, () => new pg.Client({ connectionString }));
  try {
    await Promise.all(others.map((other) => other.connect()));
    const cipher = { prepare: never, newKey: never, unwrap: never, seal: never, open: never };
    await expect(openStore({ connectionString, cipher })).rejects.toMatchObject({
      code: 'unavailable',
      message: expect.stringContaining('has no connection to spare') as string,
    });
  } finally {
    await Promise.all(others.map((other) => other.end()));
    await stop();
    rmSync(dataDir, { recursive: true, force: true });
  }
});

const never = (): never => {
  throw new Error('no payload is read or written here');
};
