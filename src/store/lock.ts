/** A lock on a data folder: one process at a time, however the previous one ended. */
import { execFileSync } from 'node:child_process';
import { createHash, randomInt } from 'node:crypto';
import {
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { hostname } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { CountersignError } from '../contract/index.ts';

/**
 * A claim on a folder: a file whose name is the identity of a process. A dead identity never comes back, so its claim is safe to delete.
 */
interface Claim {
  file: string;
  /** The scope in which a process id is unique: this boot of this machine, this container. */
  realm: string;
  pid: number;
  /** When the process started, which tells it from a later one with the same id. */
  start: string;
}

export interface FolderLock {
  /** Releases the folder. A process that dies releases it too. */
  release(): void;
}

const CLAIM = /^\.holder-([0-9a-f]{12})-([0-9]+)-([0-9a-f]{12})$/;
const HEARTBEAT_MS = 2000;
/** A claim from another machine or container that is not renewed for this long belongs to nobody. */
const FOREIGN_SILENCE_MS = 7000;
const TRIES = 6;

const held = new Set<string>();

const digest = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 12);

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

function realm(): string {
  let namespace = '';
  try {
    namespace = readlinkSync('/proc/self/ns/pid');
  } catch {
    // This is not Linux, so the host's name has to suffice.
  }
  return digest([read('/proc/sys/kernel/random/boot_id'), namespace, hostname()].join('\n'));
}

/** When a process started, in its system's own words; null when there is no such process. */
function startOf(pid: number): string | null {
  const stat = read(`/proc/${pid}/stat`);
  if (stat !== '') {
    // The name, in parentheses, may hold anything; the start time is the 20th field after it (proc(5), field 22). Z is a dead child.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' ? null : digest(fields[19] ?? '');
  }
  if (read('/proc/self/stat') !== '') return null;
  try {
    const text = execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { stdio: ['ignore', 'pipe', 'ignore'] });
    return text.length === 0 ? null : digest(text.toString('utf8').trim());
  } catch {
    return null;
  }
}

function claims(dir: string): Claim[] {
  return readdirSync(dir).flatMap((file) => {
    const [, at = '', pid = '', start = ''] = CLAIM.exec(file) ?? [];
    return at === '' ? [] : [{ file, realm: at, pid: Number(pid), start }];
  });
}

function lastBeat(path: string): number | null {
  try {
    return statSync(path).mtimeMs;
  } catch {
    return null;
  }
}

async function isLive(dir: string, claim: Claim, here: string): Promise<boolean> {
  if (claim.realm === here) return startOf(claim.pid) === claim.start;
  const path = join(dir, claim.file);
  const before = lastBeat(path);
  for (let waited = 0; waited < FOREIGN_SILENCE_MS; waited += 500) {
    await sleep(500);
    if (lastBeat(path) !== before) return lastBeat(path) !== null;
  }
  return false;
}

function holderError(dir: string, claim: Claim): CountersignError {
  return new CountersignError(
    'configuration',
    `the data folder \`${dir}\` is in use by process ${claim.pid}; stop that process, or set COUNTERSIGN_DATA to another folder`,
  );
}

function writing(folder: string, write: () => void): void {
  try {
    write();
  } catch (error) {
    throw new CountersignError(
      'configuration',
      `the data folder \`${folder}\` cannot be written; make it writable, or set COUNTERSIGN_DATA to another folder`,
      { cause: error },
    );
  }
}

/**
 * Claims a data folder for this process.
 *
 * First the claim is written, then all other claims are read. If two processes start together, each sees the other's claim, and at least
 * one steps back. Claims of dead processes are cleared away.
 *
 * @throws CountersignError `configuration` naming the folder, and the process that holds it if one does.
 */
export async function lockDataFolder(dir: string): Promise<FolderLock> {
  const folder = resolve(dir);
  writing(folder, () => mkdirSync(folder, { recursive: true, mode: 0o700 }));
  const here = realm();
  const ourClaim: Claim = { file: '', realm: here, pid: process.pid, start: startOf(process.pid) ?? digest('') };
  ourClaim.file = `.holder-${ourClaim.realm}-${ourClaim.pid}-${ourClaim.start}`;
  if (held.has(folder)) throw holderError(dir, ourClaim);
  held.add(folder);
  const path = join(folder, ourClaim.file);
  const giveUp = (): void => {
    rmSync(path, { force: true });
    held.delete(folder);
  };
  try {
    for (let attempt = 1; ; attempt++) {
      writing(folder, () => writeFileSync(path, `process ${ourClaim.pid} on ${hostname()}\n`, { mode: 0o600 }));
      const holder = await otherHolder(folder, ourClaim);
      if (holder === null) break;
      rmSync(path, { force: true });
      if (attempt === TRIES) throw holderError(dir, holder);
      await sleep(randomInt(10, 60));
    }
  } catch (error) {
    giveUp();
    throw error;
  }
  const beat = setInterval(() => {
    const now = new Date();
    try {
      utimesSync(path, now, now);
    } catch {
      // The folder was deleted meanwhile. Its next use reports that.
    }
  }, HEARTBEAT_MS);
  beat.unref();
  return {
    release() {
      clearInterval(beat);
      giveUp();
    },
  };
}

async function otherHolder(folder: string, ourClaim: Claim): Promise<Claim | null> {
  for (const claim of claims(folder)) {
    if (claim.file === ourClaim.file) continue;
    if (await isLive(folder, claim, ourClaim.realm)) return claim;
    rmSync(join(folder, claim.file), { force: true });
  }
  return null;
}
