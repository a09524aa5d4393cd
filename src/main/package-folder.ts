import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folder of `package.json` and of the files beside it: two folders up in the sources, three in a build. */
export function packageFolder(): string {
  const [inSources, built] = ['../../', '../../../'].map((up) => fileURLToPath(new URL(up, import.meta.url)));
  return existsSync(`${inSources}package.json`) ? (inSources as string) : (built as string);
}

/** The version of this product, as `package.json` says. */
export function packageVersion(): string {
  const { version } = JSON.parse(readFileSync(join(packageFolder(), 'package.json'), 'utf8')) as { version: string };
  return version;
}
