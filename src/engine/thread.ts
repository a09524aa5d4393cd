/** Worker threads with bounded memory that run one of this package's files. */
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';

const MEMORY_MB = 384;

/** @param file URL of the file without its ending, `.js` or `.ts`, which depends on how this process runs. */
export function startThread(file: URL): Worker {
  const options = { resourceLimits: { maxOldGenerationSizeMb: MEMORY_MB, maxYoungGenerationSizeMb: 64 } };
  if (!import.meta.url.endsWith('.ts')) return new Worker(new URL(`${file.href}.js`), options);
  // A checkout that cannot be built runs from its sources, here too.
  const tsx = pathToFileURL(
    createRequire(import.meta.url)
      .resolve('tsx/esm/api')
      .replace(/cjs$/, 'mjs'),
  ).href;
  const start = `import(${JSON.stringify(tsx)}).then(({ register }) => (register(), import(${JSON.stringify(`${file.href}.ts`)})))`;
  return new Worker(start, { ...options, eval: true });
}
