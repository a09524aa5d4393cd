/** A real PostgreSQL in the data folder, for users who have none. It starts and ends with this process. */
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { CountersignError } from '../contract/index.ts';
import { spawnSupervised, type SupervisedChild } from './child.ts';
import { freePort } from './free-port.ts';
import { lockDataFolder } from './lock.ts';
import { endOrphan, readPidFile } from './postgres-pid.ts';
import { findPostgres, type PostgresBinaries } from './postgres-binaries.ts';
import { runAs, type RunAs } from './postgres-user.ts';

export interface EmbeddedPostgres {
  /** With its password: for this process only, never for a log. */
  connectionString: string;
  /** Process id of the server. */
  pid: number;
  /** Resolves when the server has ended, asked or not. */
  ended: Promise<unknown>;
  /** Ends it in order, everything on disk. */
  stop(): Promise<void>;
}

export interface EmbeddedPostgresOptions {
  dataDir: string;
  /** A port to insist on; any free one by default. */
  port?: number;
  /** How many may be connected at a time. @default 100, which is enough for the processes of one machine */
  maxConnections?: number;
}

const SUPERUSER = 'countersign';
const DATABASE = 'postgres';
const LOG_MAX_BYTES = 8 * 1024 * 1024;
const START_TRIES = 5;
const ORPHAN_TRIES = 40;
const READY_MS = 60_000;

/**
 * Durability settings are PostgreSQL's defaults, stated so that no other configuration can change them. One user on one machine needs no
 * replication and no parallel workers. Messages are terse, because their details quote rows.
 */
const SETTINGS = {
  fsync: 'on',
  full_page_writes: 'on',
  synchronous_commit: 'on',
  listen_addresses: '127.0.0.1',
  unix_socket_permissions: '0770',
  shared_buffers: '64MB',
  wal_level: 'minimal',
  max_wal_senders: '0',
  max_parallel_workers_per_gather: '0',
  io_method: 'sync',
  jit: 'off',
  log_error_verbosity: 'terse',
  log_min_error_statement: 'panic',
  log_checkpoints: 'off',
  timezone: 'UTC',
};

const ENVIRONMENT = { LC_ALL: 'C', PATH: process.env['PATH'] ?? '/usr/bin:/bin' };

/**
 * Starts PostgreSQL 18 on loopback, with the cluster in `<dataDir>/postgres`, made at the first start.
 *
 * @throws CountersignError `configuration` when the folder is in use, or it cannot be started here; the sentence says what to do.
 */
export async function openEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const folder = resolve(options.dataDir, 'postgres');
  const cluster = join(folder, 'cluster');
  const binaries = findPostgres();
  const lock = await lockDataFolder(folder);
  try {
    const as = runAs(folder, cluster, binaries.postgres);
    await endOrphan(cluster);
    const password = ensurePassword(join(folder, 'password'));
    if (!existsSync(cluster)) initialise(folder, cluster, binaries, as, password);
    const socket = makeSocketFolder(folder, as);
    const { child, port } = await start({ folder, cluster, socket, ...options }, binaries, as);
    const over = socket === null ? '' : `?host=${encodeURIComponent(socket)}`;
    return {
      connectionString: `postgres://${SUPERUSER}:${password}@127.0.0.1:${port}/${DATABASE}${over}`,
      pid: child.pid,
      ended: child.ended,
      async stop() {
        await child.stop();
        lock.release();
      },
    };
  } catch (error) {
    lock.release();
    throw error;
  }
}

/** What `sockaddr_un` holds on every system that we know (104 bytes on macOS), less the name of the socket itself. */
const SOCKET_FOLDER_MAX = 80;

/**
 * A folder for the server's socket, which is a third faster than its port, that only we and the server may enter. Null where its
 * path is too long for one.
 */
function makeSocketFolder(folder: string, as: RunAs): string | null {
  const socket = join(folder, 'socket');
  if (process.platform === 'win32' || Buffer.byteLength(socket) > SOCKET_FOLDER_MAX) return null;
  mkdirSync(socket, { recursive: true, mode: 0o700 });
  if (as.user !== null) {
    // What is made in it belongs to our group, so that we may connect without any privilege.
    chownSync(socket, as.user.uid, process.getgid?.() ?? 0);
    chmodSync(socket, 0o2770);
  }
  return socket;
}

function ensurePassword(file: string): string {
  if (!existsSync(file)) {
    writeFileSync(`${file}.new`, randomBytes(32).toString('base64url'), { mode: 0o600, flush: true });
    renameSync(`${file}.new`, file);
  }
  return readFileSync(file, 'utf8').trim();
}

/** Makes the cluster in a temporary folder and renames it, so that a crash leaves nothing that looks like a cluster. */
function initialise(folder: string, cluster: string, { initdb }: PostgresBinaries, as: RunAs, password: string): void {
  const workshop = join(folder, 'making');
  rmSync(workshop, { recursive: true, force: true });
  mkdirSync(workshop, { mode: 0o700 });
  const pwfile = join(workshop, 'password');
  writeFileSync(pwfile, `${password}\n`, { mode: 0o600 });
  if (as.user !== null) {
    for (const path of [workshop, pwfile]) chownSync(path, as.user.uid, as.user.gid);
  }
  const fresh = join(workshop, 'cluster');
  const { command, args, ...identity } = as.wrap(initdb, [
    ...[`--pgdata=${fresh}`, `--username=${SUPERUSER}`, `--pwfile=${pwfile}`, '--auth=scram-sha-256'],
    ...['--encoding=UTF8', '--locale=C'],
  ]);
  try {
    execFileSync(command, args, { ...identity, cwd: '/', env: ENVIRONMENT, stdio: ['ignore', 'ignore', 'pipe'] });
  } catch (error) {
    const said = (error as { stderr?: Buffer }).stderr?.toString('utf8').trim().split('\n').at(-1) ?? '';
    throw new CountersignError(
      'configuration',
      `PostgreSQL could not make its cluster in \`${folder}\` (${said}); make room or correct that, and start again`,
      { cause: error },
    );
  }
  rmSync(pwfile);
  renameSync(fresh, cluster);
  rmSync(workshop, { recursive: true, force: true });
}

type Place = Pick<EmbeddedPostgresOptions, 'port' | 'maxConnections'> & {
  folder: string;
  cluster: string;
  socket: string | null;
};

async function start(
  { folder, cluster, socket, port: wanted, maxConnections = 100 }: Place,
  { postgres }: PostgresBinaries,
  as: RunAs,
): Promise<{ child: SupervisedChild; port: number }> {
  const logFile = join(folder, 'postgres.log');
  if (existsSync(logFile) && statSync(logFile).size > LOG_MAX_BYTES) renameSync(logFile, `${logFile}.old`);
  for (let attempt = 1; ; attempt++) {
    const port = wanted ?? (await freePort());
    const connectionSettings = {
      port: String(port),
      unix_socket_directories: socket ?? '',
      max_connections: String(maxConnections),
    };
    const settings = Object.entries({ ...SETTINGS, ...connectionSettings }).flatMap(([k, v]) => ['-c', `${k}=${v}`]);
    const { command, args, ...identity } = as.wrap(postgres, ['-D', cluster, ...settings]);
    const log = openSync(logFile, 'a', 0o600);
    const offset = statSync(logFile).size;
    // SIGINT is PostgreSQL's fast shutdown: open transactions are rolled back, all else is written out.
    const child = await spawnSupervised(command, args, {
      ...identity,
      cwd: '/',
      env: ENVIRONMENT,
      output: log,
      stopSignal: 'INT',
      patience: 30,
    });
    closeSync(log);
    if (await isReady(cluster, child)) return { child, port };
    await child.stop();
    const said = readFileSync(logFile, 'utf8').slice(offset);
    if (/could not bind|could not create any TCP/.test(said) && wanted === undefined && attempt < START_TRIES) continue;
    if (/shared memory block .* still in use/.test(said) && attempt < ORPHAN_TRIES) {
      // The previous server was killed, and its processes have not all ended yet.
      await sleep(250);
      continue;
    }
    const reason =
      /(?:FATAL|PANIC|error while loading shared libraries): +(.*)/.exec(said)?.[1] ?? 'it did not say why';
    throw new CountersignError(
      'configuration',
      `PostgreSQL did not start: ${reason}; see \`${logFile}\`, or give DATABASE_URL of another server`,
    );
  }
}

async function isReady(cluster: string, child: SupervisedChild): Promise<boolean> {
  let over = child.pid < 0;
  void child.ended.then(() => (over = true));
  for (let waited = 0; !over && waited < READY_MS; waited += 10) {
    const file = readPidFile(cluster);
    if (file !== null && file.pid === child.pid && file.ready) return true;
    await sleep(10);
  }
  return false;
}
