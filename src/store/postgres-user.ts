/** PostgreSQL refuses to run as root. Started by root, it runs as somebody who may do nothing else. */
import { execFileSync } from 'node:child_process';
import { chmodSync, chownSync, existsSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { CountersignError } from '../contract/index.ts';

/** How to start PostgreSQL here. */
export interface RunAs {
  /** Null when we are not root: it runs as ourselves. */
  user: { uid: number; gid: number } | null;
  /** Wraps a command line so that it runs as that user. */
  wrap(command: string, args: readonly string[]): { command: string; args: string[]; uid?: number; gid?: number };
}

const USER = 'postgres';

function idOf(flag: '-u' | '-g'): number | null {
  try {
    const id = Number(execFileSync('id', [flag, USER], { stdio: ['ignore', 'pipe', 'ignore'] }).toString('utf8'));
    return Number.isInteger(id) ? id : null;
  } catch {
    return null;
  }
}

function postgresUser(): { uid: number; gid: number } {
  for (const tryToCreate of [true, false]) {
    const [uid, gid] = [idOf('-u'), idOf('-g')];
    if (uid !== null && gid !== null) return { uid, gid };
    if (!tryToCreate) break;
    try {
      execFileSync('useradd', ['--system', '--user-group', '--no-create-home', '--shell', '/usr/sbin/nologin', USER], {
        stdio: 'ignore',
      });
    } catch {
      // Another process created it just now, or it was not created. The second lookup shows which.
    }
  }
  throw new CountersignError(
    'configuration',
    `PostgreSQL does not run as root, and the user \`${USER}\` could not be created; create it, run Countersign as another user, or give DATABASE_URL`,
  );
}

/** The nearest folder on the way to `path` that this user may not pass through, or null. */
function barrier(path: string, { uid, gid }: { uid: number; gid: number }): string | null {
  let closedFolder: string | null = null;
  for (let at = path; ; at = dirname(at)) {
    const { mode, uid: owner, gid: group } = statSync(at);
    const shared = group === gid ? 0o010 : 0o001;
    const search = owner === uid ? 0o100 : shared;
    if ((mode & search) === 0) closedFolder = at;
    if (dirname(at) === at) return closedFolder;
  }
}

const CAPABILITY = '-all,+dac_read_search';

/** Runs a command as the user with one privilege of root left: to pass through folders that are closed to others. */
function throughClosedFolders(user: { uid: number; gid: number }, command: string, args: readonly string[]) {
  const privileges = [`--inh-caps=${CAPABILITY}`, `--ambient-caps=${CAPABILITY}`, `--bounding-set=${CAPABILITY}`];
  const identity = [`--reuid=${user.uid}`, `--regid=${user.gid}`, '--clear-groups'];
  return { command: 'setpriv', args: [...identity, ...privileges, '--', command, ...args] };
}

/**
 * The user that PostgreSQL runs as, with access to its data and its own files: as root, `folder` is opened to that user alone, and where
 * a folder above is closed (as `/root` is), the server keeps the privilege to search folders and no other.
 *
 * @param folder where the cluster's folder is or will be; ours to change
 * @throws CountersignError `configuration` when there is no way in.
 */
export function runAs(folder: string, cluster: string, binary: string): RunAs {
  if (process.getuid?.() !== 0) return { user: null, wrap: (command, args) => ({ command, args: [...args] }) };
  // The cluster keeps its owner, because it may have been made before this ran as root.
  const owner = existsSync(cluster) ? statSync(cluster) : null;
  const user = owner === null || owner.uid === 0 ? postgresUser() : { uid: owner.uid, gid: owner.gid };
  for (const path of [dirname(folder), folder]) {
    if (barrier(path, user) !== path) continue;
    chownSync(path, 0, user.gid);
    chmodSync(path, 0o710);
  }
  const closed = barrier(folder, user) ?? barrier(dirname(binary), user);
  if (closed === null) return { user, wrap: (command, args) => ({ command, args: [...args], ...user }) };
  const probe = throughClosedFolders(user, 'test', ['-x', binary]);
  try {
    execFileSync(probe.command, probe.args, { stdio: 'ignore' });
  } catch (error) {
    throw new CountersignError(
      'configuration',
      `PostgreSQL cannot pass through \`${closed}\`, which is closed to all but root; run \`chmod o+x\` on it, set COUNTERSIGN_DATA to another folder, or run Countersign as another user`,
      { cause: error },
    );
  }
  return { user, wrap: (command, args) => throughClosedFolders(user, command, args) };
}
