/** The code of the workflows in one file, as workers load it. */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { isAbsolute, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode, DefaultLogger, type BundleOptions } from '@temporalio/worker';

/** Read by the SDK of client and worker, and bundled with the workflows. */
export const failureConverterPath = fileURLToPath(new URL('../workflows/failure-converter.cjs', import.meta.url));

/** The path of a workflow module, because the bundler reads its file. */
function pathOf(name: 'index' | 'preload' | 'trace-context'): string {
  const source = fileURLToPath(new URL(`../workflows/${name}.ts`, import.meta.url));
  return existsSync(source) ? source : fileURLToPath(new URL(`../workflows/${name}.js`, import.meta.url));
}

/** The workflows, and the stateless modules, which are loaded once instead of once for every action. */
export const workflowModules = (): Required<
  Pick<BundleOptions, 'workflowsPath' | 'workflowInterceptorModules' | 'preloadModules'>
> => ({
  workflowsPath: pathOf('index'),
  workflowInterceptorModules: [pathOf('trace-context')],
  preloadModules: [pathOf('preload'), '@temporalio/workflow', pathOf('trace-context'), pathOf('index')],
});

const SOURCE_MAP = '//# sourceMappingURL=data:application/json;charset=utf-8;base64,';

/**
 * The bundle with a source map that names files by their place under `root`, without their text (one file is generated and names folders
 * of this machine): packages are the same bytes wherever they are built.
 */
function withRelativeSources(code: string, root: string): string {
  const start = code.lastIndexOf(SOURCE_MAP);
  if (start === -1) return code;
  const encoded = code.slice(start + SOURCE_MAP.length);
  const map = JSON.parse(Buffer.from(encoded, 'base64').toString()) as { file: string; sources: string[] };
  const sources = map.sources.map((source) => (isAbsolute(source) ? relative(root, source) : source));
  const portable = JSON.stringify({ ...map, file: 'workflows.js', sources, sourcesContent: undefined });
  return `${code.slice(0, start)}${SOURCE_MAP}${Buffer.from(portable).toString('base64')}\n`;
}

/** Bundles the workflows. It takes seconds of processor time, so it is done once for many workers. */
export async function bundleWorkflows(): Promise<string> {
  const { code } = await bundleWorkflowCode({
    ...workflowModules(),
    failureConverterPath,
    logger: new DefaultLogger('ERROR'),
  });
  return withRelativeSources(code, fileURLToPath(new URL('../..', import.meta.url)));
}

/**
 * Where the build puts the bundle (`scripts/build.js`). The version of Temporal's SDK is part of the name: the code of another version
 * is never found, and the worker bundles its own.
 */
export function builtBundlePath(): string {
  const { version } = createRequire(import.meta.url)('@temporalio/worker/package.json') as { version: string };
  return fileURLToPath(new URL(`../workflows/bundle-${version}.js`, import.meta.url));
}

/** The bundle that the build made, or null: a process that runs from sources has none. */
export function builtBundle(): string | null {
  const file = builtBundlePath();
  return existsSync(file) ? file : null;
}
