import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { lockDataFolder } from '../../src/store/index.ts';

const HOLDER = fileURLToPath(new URL('lock-holder.ts', import.meta.url));

const folder = (): string => mkdtempSync(join(tmpdir(), 'countersign-lock-'));
const start = (dir: string) =>
  spawn(process.execPath, ['--import', 'tsx', HOLDER, dir], { stdio: ['ignore', 'pipe', 'inherit'] });
const claims = (dir: string): string[] => readdirSync(dir).filter((name) => name.startsWith('.holder-'));

describe('lockDataFolder', () => {
  it('holds once, also in one process, until it is released', async () => {
    const dir = folder();
    const lock = await lockDataFolder(dir);
    await expect(lockDataFolder(join(dir, '.'))).rejects.toMatchObject({ code: 'configuration' });
    lock.release();
    expect(claims(dir)).toEqual([]);
    (await lockDataFolder(dir)).release();
  });

  it('names the folder and the process that holds it, and follows a holder that was killed', async () => {
    const dir = folder();
    const holder = start(dir);
    expect(String(((await once(holder.stdout, 'data')) as [Buffer])[0])).toBe('locked\n');
    await expect(lockDataFolder(dir)).rejects.toMatchObject({
      code: 'configuration',
      message: expect.stringContaining(`\`${dir}\` is in use by process ${holder.pid}`) as string,
    });
    const closed = once(holder, 'close');
    holder.kill('SIGKILL');
    await closed;
    const lock = await lockDataFolder(dir);
    expect(claims(dir)).toHaveLength(1);
    lock.release();
  });

  it('lets at most one of several that start at once in', async () => {
    const dir = folder();
    const holders = Array.from({ length: 5 }, () => start(dir));
    const said = await Promise.all(
      holders.map(async ({ stdout }) => String(((await once(stdout, 'data')) as [Buffer])[0])),
    );
    expect(said.filter((line) => line === 'locked\n').length).toBeLessThanOrEqual(1);
    expect(said.every((line) => line === 'locked\n' || line === 'configuration\n')).toBe(true);
    await Promise.all(
      holders.map(async (holder) => {
        if (holder.exitCode === null && holder.signalCode === null) {
          const closed = once(holder, 'close');
          holder.kill('SIGKILL');
          await closed;
        }
      }),
    );
    (await lockDataFolder(dir)).release();
  });

  it('is not held by a process that only has the same id as a holder before it', async () => {
    const dir = folder();
    const own = await lockDataFolder(dir);
    const [claim = ''] = claims(dir);
    own.release();
    writeFileSync(join(dir, claim.replace(/-[0-9a-f]{12}$/, '-000000000000')), '');
    (await lockDataFolder(dir)).release();
    expect(claims(dir)).toEqual([]);
  });

  it('is held by another machine for as long as that one renews its claim', async () => {
    const dir = folder();
    const foreign = join(dir, `.holder-${'ab'.repeat(6)}-1-${'0'.repeat(12)}`);
    writeFileSync(foreign, '');
    let beats = 0;
    const beat = setInterval(() => utimesSync(foreign, ++beats, beats), 200);
    await expect(lockDataFolder(dir)).rejects.toMatchObject({ code: 'configuration' });
    clearInterval(beat);
    (await lockDataFolder(dir)).release();
  }, 60_000);
});
