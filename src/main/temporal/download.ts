/** The SDK's own way to a Temporal server: its ephemeral server downloads the command from Temporal. */
import { readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { pathToFileURL } from 'node:url';
import { spawnSupervised } from '../../store/child.ts';
import { isExecutable } from './executables.ts';

/** A download that has not started after this time is given up, and the next source is tried. */
const BEGIN_MS = 8_000;
/** Deadline of the whole download, about 100 MB. */
const FINISH_MS = 300_000;

/**
 * Runs in its own process, because the SDK cannot stop a download. It also starts a server that we do not want and that must end with
 * it.
 */
const PROGRAM = `
const [testing, dir] = process.argv.slice(1);
const { TestWorkflowEnvironment } = await import(testing);
let stop = false, environment;
process.on('SIGTERM', () => { stop = true; if (environment === undefined) process.exit(1); });
try {
  environment = await TestWorkflowEnvironment.createLocal({
    server: { executable: { type: 'cached-download', downloadDir: dir }, log: { format: 'json', level: 'error' } },
  });
  await environment.teardown();
  process.exit(stop ? 1 : 0);
} catch (error) {
  process.stdout.write(String(error?.message ?? error), () => process.exit(1));
}
`;

/**
 * Downloads into the empty folder `dir`.
 *
 * @returns The path of the binary in it.
 * @throws Error saying in a few words why it does not work here; after a few seconds when nothing answers.
 */
export async function downloadBySdk(dir: string): Promise<string> {
  const testing = pathToFileURL(createRequire(import.meta.url).resolve('@temporalio/testing')).href;
  const child = await spawnSupervised(process.execPath, ['--input-type=module', '--eval', PROGRAM, testing, dir], {
    output: 'pipe',
    patience: 5,
  });
  child.stderr?.resume();
  const said = child.stdout === null ? Promise.resolve('') : text(child.stdout);
  let gaveUp: string | null = null;
  const giveUp = (why: string) => (): void => {
    gaveUp = why;
    void child.stop();
  };
  const notBegun = setTimeout(() => {
    if (readdirSync(dir).length === 0) giveUp('nothing answers')();
  }, BEGIN_MS);
  const notFinished = setTimeout(giveUp('it takes too long'), FINISH_MS);
  const { status } = await child.ended;
  clearTimeout(notBegun);
  clearTimeout(notFinished);
  if (gaveUp !== null) throw new Error(gaveUp);
  if (status !== 0) throw new Error(inFewWords(await said));
  const name = readdirSync(dir).find((entry) => isExecutable(join(dir, entry)));
  if (name === undefined) throw new Error('it left no executable');
  return join(dir, name);
}

/** The SDK repeats the address at every layer of its error; the cause comes last. */
function inFewWords(message: string): string {
  return message.split(': ').slice(-2).join(': ').trim() || 'it ended without a word';
}
