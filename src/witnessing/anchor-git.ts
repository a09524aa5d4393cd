/** Anchors in a Git repository: commits on a separate branch, made without a working tree, and pushed if the settings say so. */
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AnchoredCheckpoint } from './anchored.ts';

export interface GitAnchor {
  /** Folder of a repository, bare or not; of one with a working tree nothing but the branch changes. */
  repository: string;
  branch: string;
  /** A remote that the branch is pushed to. */
  push: string | undefined;
}

const TIMEOUT_MS = 30_000;
const LINES_MAX = 64 * 1024 * 1024;
const NOBODY = {
  GIT_AUTHOR_NAME: 'Countersign',
  GIT_AUTHOR_EMAIL: 'countersign@localhost',
  GIT_COMMITTER_NAME: 'Countersign',
  GIT_COMMITTER_EMAIL: 'countersign@localhost',
};

type Git = (args: string[], input?: string) => Promise<string>;

/**
 * Adds a line to `<tenant>/<day>.jsonl`: a file grows no longer than a day, and the history of the branch is the history of the log.
 *
 * @throws Error to try again: no repository, no `git`, or somebody else committed at the same moment
 */
export async function commitAnchor(anchor: GitAnchor, anchored: AnchoredCheckpoint, line: string): Promise<void> {
  const scratch = await mkdtemp(join(tmpdir(), 'countersign-anchor-'));
  try {
    const git = runner(anchor.repository, join(scratch, 'index'));
    const ref = `refs/heads/${anchor.branch}`;
    const path = `${encodeURIComponent(anchored.tenant)}/${anchored.at.slice(0, 10)}.jsonl`;
    const parent = (await git(['for-each-ref', '--format=%(objectname)', ref])).trim();
    let before = '';
    if (parent !== '') {
      await git(['read-tree', parent]);
      const there = await git(['ls-tree', '--name-only', parent, '--', path]);
      if (there.trim() !== '') before = await git(['cat-file', 'blob', `${parent}:${path}`]);
    }
    const blob = (await git(['hash-object', '-w', '--stdin'], before + line)).trim();
    await git(['update-index', '--add', '--cacheinfo', `100644,${blob},${path}`]);
    const tree = (await git(['write-tree'])).trim();
    const message = `${anchored.origin}: ${anchored.size} entries\n`;
    const commit = (await git(['commit-tree', tree, ...(parent === '' ? [] : ['-p', parent])], message)).trim();
    // Updates the branch only if it has not moved, so that two concurrent commits do not overwrite each other.
    await git(['update-ref', ref, commit, parent === '' ? '0'.repeat(commit.length) : parent]);
    if (anchor.push !== undefined) await git(['push', '--quiet', '--', anchor.push, `${ref}:${ref}`]);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/** Runs the binary itself: without a shell, without prompts, and with a private index. */
function runner(repository: string, index: string): Git {
  const env = {
    ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('GIT_'))),
    ...NOBODY,
    GIT_INDEX_FILE: index,
    GIT_TERMINAL_PROMPT: '0',
  };
  return (args, input) =>
    new Promise((resolve, reject) => {
      const options = { env, timeout: TIMEOUT_MS, maxBuffer: LINES_MAX, encoding: 'utf8' } as const;
      const child = execFile('git', ['-C', repository, ...args], options, (error, stdout) => {
        if (error === null) resolve(stdout);
        else reject(new Error(`\`git ${args[0] ?? ''}\` failed in the repository of the anchor`, { cause: error }));
      });
      // If the process ended before it read everything, its exit status reports that.
      child.stdin?.on('error', () => undefined);
      child.stdin?.end(input ?? '');
    });
}
