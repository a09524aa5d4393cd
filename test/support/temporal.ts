/** Before any test: finds the Temporal server, or gets it, once for all test files, just as `npm start` does. */
import { loadConfig } from '../../src/main/config.ts';
import { findTemporal } from '../../src/main/temporal/index.ts';

export default async function setup(): Promise<void> {
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
