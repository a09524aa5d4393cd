/** The Python that runs the client's tests: of its own environment in CI, else this machine's, where it has `cryptography`. */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

export const PYTHON = process.env['COUNTERSIGN_PYTHON'] ?? 'python3';

/** In its own environment the packed client is installed; else it is run from its source. */
export const pythonEnv: Record<string, string> =
  process.env['COUNTERSIGN_PYTHON'] === undefined
    ? { PYTHONPATH: fileURLToPath(new URL('../../clients/python/src', import.meta.url)) }
    : {};

/** Whether it has these modules. An environment that was made for the tests has to: there nothing is skipped for want of them. */
export function hasModules(...modules: string[]): boolean {
  const found = spawnSync(PYTHON, ['-c', `import ${modules.join(', ')}`], {
    env: { ...process.env, ...pythonEnv },
    encoding: 'utf8',
  });
  if (found.status !== 0 && process.env['COUNTERSIGN_PYTHON'] !== undefined)
    throw new Error(`COUNTERSIGN_PYTHON cannot import ${modules.join(', ')}: ${found.error?.message ?? found.stderr}`);
  return found.status === 0;
}

export const hasPython = hasModules('countersign');

/** Whether that Python has Temporal's SDK. */
export const hasTemporalio = hasPython && hasModules('temporalio');

/** Whether that Python has the checker of types. */
export const hasMypy = hasPython && hasModules('mypy');

/** A Python that has the agent frameworks of the examples; CI makes one (`examples/agents/python/requirements.txt`). */
export const FRAMEWORKS_PYTHON = process.env['COUNTERSIGN_FRAMEWORKS_PYTHON'] ?? '';
export const hasFrameworks = FRAMEWORKS_PYTHON !== '';

/** Where their examples and tests are, and what these import the client from. */
export const frameworks = {
  cwd: fileURLToPath(new URL('../../examples/agents/python', import.meta.url)),
  env: { ...process.env, PYTHONPATH: fileURLToPath(new URL('../../clients/python/src', import.meta.url)) },
};

/** Loading four frameworks takes a slow machine a while, in milliseconds. */
export const FRAMEWORKS_TIMEOUT = 240_000;
