import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { afterEach, describe, expect, it } from 'vitest';
import { openEmbeddedPostgres, type EmbeddedPostgres } from '../../src/store/index.ts';
import { eventually } from '../support/eventually.ts';

const HOLDER = fileURLToPath(new URL('embedded-holder.ts', import.meta.url));

const folders: string[] = [];
const open: EmbeddedPostgres[] = [];

function folder(): string {
  const dir = mkdtempSync(join(tmpdir(), 'countersign-embedded-'));
  folders.push(dir);
  return dir;
}

async function start(dataDir: string): Promise<EmbeddedPostgres> {
  const postgres = await openEmbeddedPostgres({ dataDir });
  open.push(postgres);
  return postgres;
}

/** Whether a process has ended, also where nobody has asked how yet: field 3 of proc(5) stat. */
function hasEnded(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.startsWith('Z') === true;
  } catch {
    return true;
  }
}

async function ask(connectionString: string, ...statements: string[]): Promise<unknown[]> {
  const client = new pg.Client({ connectionString });
  await client.connect();
  try {
    const answers: unknown[] = [];
    for (const statement of statements) answers.push(...(await client.query(statement)).rows);
    return answers;
  } finally {
    await client.end();
  }
}

/** A zombie has ended: in a container there may be nobody to collect it. */
function isGone(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.startsWith('Z') === true;
  } catch {
    return true;
  }
}

afterEach(async () => {
  await Promise.all(open.splice(0).map((postgres) => postgres.stop()));
  for (const dir of folders.splice(0)) rmSync(dir, { recursive: true, force: true });
});

describe('openEmbeddedPostgres', () => {
  it('is a durable PostgreSQL 18 on loopback behind a password that nobody else can read', async () => {
    const dir = folder();
    const { connectionString } = await start(dir);
    const url = new URL(connectionString);
    expect(url.hostname).toBe('127.0.0.1');
    const settings = await ask(
      connectionString,
      `select name, setting from pg_settings where name in
       ('fsync', 'full_page_writes', 'synchronous_commit', 'listen_addresses', 'unix_socket_directories',
        'unix_socket_permissions', 'password_encryption',
        'data_checksums') order by name`,
      `select (current_setting('server_version_num')::int / 10000) as version`,
    );
    expect(settings).toEqual([
      { name: 'data_checksums', setting: 'on' },
      { name: 'fsync', setting: 'on' },
      { name: 'full_page_writes', setting: 'on' },
      { name: 'listen_addresses', setting: '127.0.0.1' },
      { name: 'password_encryption', setting: 'scram-sha-256' },
      { name: 'synchronous_commit', setting: 'on' },
      { name: 'unix_socket_directories', setting: join(dir, 'postgres', 'socket') },
      { name: 'unix_socket_permissions', setting: '0770' },
      { version: 18 },
    ]);
    expect(statSync(join(dir, 'postgres', 'password')).mode & 0o777).toBe(0o600);
    expect(statSync(join(dir, 'postgres', 'socket')).mode & 0o007).toBe(0);
    expect(statSync(join(dir, 'postgres', 'cluster')).mode & 0o777).toBe(0o700);
    url.password = 'guess';
    await expect(ask(url.href)).rejects.toMatchObject({ code: '28P01' });
    const hba = readFileSync(join(dir, 'postgres', 'cluster', 'pg_hba.conf'), 'utf8');
    expect(hba.split('\n').filter((line) => /^\w/.test(line) && !line.endsWith('scram-sha-256'))).toEqual([]);
  });

  it('keeps its state and its password over restarts', async () => {
    const dir = folder();
    const first = await start(dir);
    await ask(first.connectionString, 'create table kept as select 42 as answer');
    await first.stop();
    const second = await start(dir);
    expect(new URL(second.connectionString).password).toBe(new URL(first.connectionString).password);
    expect(await ask(second.connectionString, 'select answer from kept')).toEqual([{ answer: 42 }]);
  });

  it('refuses a folder that is served already, naming both', async () => {
    const dir = folder();
    await start(dir);
    await expect(openEmbeddedPostgres({ dataDir: dir })).rejects.toMatchObject({
      code: 'configuration',
      message: expect.stringMatching(new RegExp(`${dir}.*process ${process.pid}`)) as string,
    });
  });

  it('says that a port is taken when it is told to use that one', async () => {
    const { connectionString } = await start(folder());
    await expect(
      openEmbeddedPostgres({ dataDir: folder(), port: Number(new URL(connectionString).port) }),
    ).rejects.toMatchObject({ code: 'configuration' });
  });

  it('follows a server that was killed, and leaves nobody behind', async () => {
    const dir = folder();
    const first = await start(dir);
    await ask(first.connectionString, 'create table kept as select 42 as answer');
    process.kill(first.pid, 'SIGKILL');
    await first.ended;
    await first.stop();
    const second = await start(dir);
    expect(await ask(second.connectionString, 'select answer from kept')).toEqual([{ answer: 42 }]);
  });

  it.each([
    ['only we are killed, and the server is on its way out', false],
    ['our supervisor is killed with us, and the server lives on', true],
  ])('takes over when %s', async (_, supervisorToo) => {
    const dir = folder();
    const holder = spawn(process.execPath, ['--import', 'tsx', HOLDER, dir], { stdio: ['ignore', 'pipe', 'inherit'] });
    const [line] = (await once(holder.stdout, 'data')) as [Buffer];
    const server = Number(line.toString());
    if (supervisorToo) {
      // Field 4 of proc(5) stat: its parent.
      const supervisor = Number(readFileSync(`/proc/${server}/stat`, 'utf8').split(') ')[1]?.split(' ')[1]);
      process.kill(holder.pid as number, 'SIGSTOP');
      process.kill(supervisor, 'SIGKILL');
      await eventually('the supervisor is dead', () => hasEnded(supervisor) || undefined);
    }
    const closed = once(holder, 'close');
    holder.kill('SIGKILL');
    await closed;
    const mine = await start(dir);
    expect(mine.pid).not.toBe(server);
    expect(await ask(mine.connectionString, 'select 1 as one')).toEqual([{ one: 1 }]);
    expect(isGone(server)).toBe(true);
  });

  it('begins again when it was killed while it made its cluster', async () => {
    const dir = folder();
    mkdirSync(join(dir, 'postgres', 'making', 'cluster'), { recursive: true });
    const { connectionString } = await start(dir);
    expect(await ask(connectionString, 'select 1 as one')).toEqual([{ one: 1 }]);
  });

  it.skipIf(process.getuid?.() !== 0)('serves root from below a folder that is closed to all others', async () => {
    const closed = folder();
    chmodSync(closed, 0o700);
    const { connectionString } = await start(join(closed, 'project', '.countersign'));
    expect(statSync(closed).mode & 0o777).toBe(0o700);
    expect(await ask(connectionString, 'select 1 as one')).toEqual([{ one: 1 }]);
    const { uid } = statSync(join(closed, 'project', '.countersign', 'postgres', 'cluster'));
    expect(uid).not.toBe(0);
  });
});
