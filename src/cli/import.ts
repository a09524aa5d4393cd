/** `countersign import`: the history of another deployment, readable and verifiable in this one, and of no authority in it. */
import { existsSync } from 'node:fs';
import { cp, mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Command } from 'commander';
import { CountersignError } from '../contract/index.ts';
import { isWholeLog } from '../export/index.ts';
import { IMPORTED_FOLDER, IMPORTED_NAME, IMPORTED_PREFIX } from '../main/local-files.ts';
import { EXIT } from './exit.ts';
import type { Io } from './io.ts';
import { dataFolder } from './local.ts';
import { readLogKeys, readRecordKeys } from './trust.ts';
import { collectValues, usage } from './values.ts';

interface ImportOptions {
  name: string;
  key: string[];
  logKey: string[];
  data?: string;
  json?: boolean;
}

/** What `export --everything` calls the archive of the whole log. */
const ARCHIVE = 'evidence.tar.gz';

export function register(program: Command, io: Io): void {
  program
    .command('import')
    .description('take the history of another deployment in, to be read and verified here; it grants nothing')
    .argument('<folder>', 'what `countersign export --everything` wrote there')
    .requiredOption('--name <name>', `what it is called here: its log is read as ${IMPORTED_PREFIX}<name>`)
    .requiredOption('--key <jwks>', 'its record keys, from elsewhere than the folder (repeatable)', collectValues)
    .requiredOption('--log-key <vkey>', 'its log’s key, from elsewhere than the folder (repeatable)', collectValues)
    .option('--data <folder>', 'this deployment’s data folder (default: COUNTERSIGN_DATA, else .countersign)')
    .option('--json', 'print JSON')
    .action((folder: string, options: ImportOptions) => importFolder(io, folder, options));
}

/** All or nothing: everything is verified first, and the folder has its name once everything is in it. */
async function importFolder(io: Io, folder: string, options: ImportOptions): Promise<void> {
  const { name } = options;
  if (!IMPORTED_NAME.test(name)) throw usage('a name is lower case letters, digits and hyphens, such as acme-2026');
  const data = dataFolder(io, options.data);
  if (!existsSync(data)) {
    throw new CountersignError(
      'invalid-request',
      `there is no data folder \`${data}\`; start this deployment once, or give --data`,
    );
  }
  const target = join(data, IMPORTED_FOLDER, name);
  if (existsSync(target)) {
    throw new CountersignError(
      'invalid-request',
      `\`${name}\` was imported already; history is never replaced, give another --name`,
    );
  }
  const trust = { recordKeys: await readRecordKeys(io, options.key), logKeys: await readLogKeys(io, options.logKey) };
  const [{ unpack }, { checkArchive }] = await Promise.all([
    import('../archive/check/unpack.ts'),
    import('../archive/check/check.ts'),
  ]);
  const unpacked = await unpack(join(folder, ARCHIVE));
  // Written beside the archive, because a file inside would make it invalid. No name has a full stop.
  const lists = `${target}.lists`;
  const part = `${target}.part`;
  try {
    const report = await checkArchive(unpacked.folder, trust, unpacked.problems);
    const whole = report.export !== null && isWholeLog(report.export.body);
    if (!report.valid || !whole || report.log === null) {
      const [first] = report.problems;
      for (const { file, reason, detail } of report.problems) io.err(`${file}: ${reason}: ${detail}`);
      throw new CountersignError(
        'invalid-evidence',
        first === undefined
          ? 'the archive is not of a whole log; take it with `countersign export --everything`'
          : 'the archive does not verify, so nothing was imported; check the keys, and that it is as it was taken away',
      );
    }
    for (const old of [part, lists]) await rm(old, { recursive: true, force: true });
    await mkdir(part, { recursive: true });
    await cp(unpacked.folder, part, { recursive: true });
    // Read-only.
    await cp(folder, lists, {
      recursive: true,
      filter: (source) => source === folder || /\.(jsonl|md)$/.test(source),
    });
    await rename(part, target);
    const { origin, size } = report.log;
    if (options.json === true) io.json({ name, log: `${IMPORTED_PREFIX}${name}`, origin, entries: size });
    else {
      io.out(`${origin}: ${size} entries, all verified, are now read as ${IMPORTED_PREFIX}${name}`);
      io.out(`check them at any time: countersign audit --imported ${name}`);
    }
    io.exitCode = EXIT.ok;
  } finally {
    await rm(part, { recursive: true, force: true });
    await unpacked.close();
  }
}
