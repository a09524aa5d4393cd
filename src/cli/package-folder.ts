import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** The folder of `package.json`, and of what came with the product: two folders up in the sources, three in what was built. */
export function packageFolder(): string {
  const [inSources, built] = ['../../', '../../../'].map((up) => fileURLToPath(new URL(up, import.meta.url)));
  return existsSync(`${inSources}package.json`) ? (inSources as string) : (built as string);
}
