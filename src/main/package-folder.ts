import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folder of `package.json`, and of what came with the product: two folders up in the sources, three in what was built. */
export function packageFolder(): string {
  const [inSources, built] = ['../../', '../../../'].map((up) => fileURLToPath(new URL(up, import.meta.url)));
  return existsSync(`${inSources}package.json`) ? (inSources as string) : (built as string);
}

/** The version of this product, as `package.json` says. */
export function packageVersion(): string {
  const { version } = JSON.parse(readFileSync(join(packageFolder(), 'package.json'), 'utf8')) as { version: string };
  return version;
}
