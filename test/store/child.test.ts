import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { spawnSupervised } from '../../src/store/index.ts';
import { eventually } from '../support/eventually.ts';

const PARENT = fileURLToPath(new URL('child-parent.ts', import.meta.url));

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

const untilGone = (pid: number): Promise<true> =>
  eventually(`process ${pid} is gone`, () => !isAlive(pid) || undefined, { everyMs: 20 });

describe('spawnSupervised', () => {
  it('answers with the process id of the command itself, and how it ended', async () => {
    const child = await spawnSupervised('/bin/sh', ['-c', 'echo $$; exit 3'], { output: 'pipe' });
    const [said] = (await once(child.stdout as NodeJS.ReadableStream, 'data')) as [Buffer];
    expect(Number(said.toString())).toBe(child.pid);
    expect(await child.ended).toEqual({ status: 3 });
  });

  it.each(['TERM', 'INT', 'QUIT'] as const)('stops it with SIG%s', async (stopSignal) => {
    const script = `process.on('SIG${stopSignal}', () => process.exit(7)); setInterval(() => 0, 1000); console.log('ready')`;
    const child = await spawnSupervised(process.execPath, ['-e', script], { output: 'pipe', stopSignal });
    await once(child.stdout as NodeJS.ReadableStream, 'data');
    expect(await child.stop()).toEqual({ status: 7 });
    expect(isAlive(child.pid)).toBe(false);
  });

  it('ends a command that ignores the gentle signal', async () => {
    const child = await spawnSupervised('/bin/sh', ['-c', `trap '' TERM; echo deaf; while :; do sleep 0.05; done`], {
      patience: 1,
      output: 'pipe',
    });
    await once(child.stdout as NodeJS.EventEmitter, 'data');
    expect((await child.stop()).status).toBe(137);
    expect(isAlive(child.pid)).toBe(false);
  });

  it('says that a command is not there', async () => {
    const child = await spawnSupervised('/nowhere/at/all', []);
    expect((await child.ended).status).toBe(127);
  });

  it.each([
    ['SIGKILL', 'SIGKILL'],
    ['Ctrl-C', 'SIGINT'],
    ['the end of its terminal', 'SIGHUP'],
  ] as const)('leaves no orphan when the parent dies by %s', async (_, signal) => {
    const parent = spawn(process.execPath, ['--import', 'tsx', PARENT], {
      stdio: ['ignore', 'pipe', 'inherit'],
      detached: true,
    });
    const [line] = (await once(parent.stdout, 'data')) as [Buffer];
    const child = Number(line.toString());
    expect(isAlive(child)).toBe(true);
    // To the whole process group, as a terminal does it.
    process.kill(-(parent.pid as number), signal);
    expect(await untilGone(child)).toBe(true);
  });

  it('ends the command when somebody kills the supervisor', async () => {
    const child = await spawnSupervised('/bin/sh', ['-c', 'echo $PPID; while :; do sleep 0.05; done'], {
      output: 'pipe',
    });
    const [said] = (await once(child.stdout as NodeJS.ReadableStream, 'data')) as [Buffer];
    process.kill(Number(said.toString()), 'SIGKILL');
    await child.ended;
    expect(await untilGone(child.pid)).toBe(true);
  });
});
