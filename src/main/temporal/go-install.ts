/** Builds the Temporal command with Go. */
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { spawnSupervised } from '../../store/child.ts';
import type { Env } from '../config.ts';

/** Later tags hold `replace` lines, which `go install` refuses. */
export const TEMPORAL_MODULE = 'github.com/temporalio/cli/cmd/temporal@v1.5.1';

const TICK_MS = 15_000;

/**
 * Builds it into the empty folder `dir`, reporting progress every 15 seconds.
 *
 * @param go Path of the `go` command; null when there is none.
 * @returns The path of the binary.
 * @throws Error with the last thing that Go said.
 */
export async function goInstall(
  go: string | null,
  env: Env,
  dir: string,
  say: (line: string) => void,
): Promise<string> {
  if (go === null) throw new Error('there is no `go` on PATH');
  const began = Date.now();
  say('Temporal: building it with Go, once; about two and a half minutes on two cores');
  const child = await spawnSupervised(go, ['install', TEMPORAL_MODULE], {
    env: { ...env, GOBIN: dir },
    output: 'pipe',
    cwd: dir,
  });
  let last = '';
  const keep = (chunk: Buffer): void => {
    last = (last + chunk.toString('utf8')).slice(-2000);
  };
  child.stdout?.on('data', keep);
  child.stderr?.on('data', keep);
  const ticking = setInterval(() => {
    say(`Temporal: still building, ${Math.round((Date.now() - began) / 1000)} s so far`);
  }, TICK_MS);
  const { status } = await child.ended;
  clearInterval(ticking);
  // Its last output may still arrive; its children may hold the pipe open for longer.
  const open = [child.stdout, child.stderr].filter((stream) => stream !== null && !stream.readableEnded);
  await Promise.race([
    Promise.all(open.map(async (stream) => stream !== null && (await once(stream, 'end')))),
    sleep(1_000, undefined, { ref: false }),
  ]);
  if (status !== 0)
    throw new Error(`it ended with ${status}${last === '' ? '' : `, saying: ${last.trim().split('\n').at(-1)}`}`);
  return join(dir, 'temporal');
}
