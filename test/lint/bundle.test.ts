/** What the workflow bundle holds decides what a parked action depends on: nothing but the workflow library and `approval`. */
import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode } from '@temporalio/worker';
import { beforeAll, describe, expect, it } from 'vitest';

const FORBIDDEN = [
  'zod',
  'pg',
  'kysely',
  'express',
  'jose',
  'luxon',
  'yaml',
  '@bufbuild/cel',
  '@slack/',
  '@noble/',
  'node:',
];
/** Of the contract, only what has no zod: what statuses mean, and which ids mean the same. */
const CONTRACT_INSIDE = [
  'contract/identifiers.ts',
  'contract/nexus.ts',
  'contract/search-attributes.ts',
  'contract/status.ts',
];

describe('the workflow bundle', () => {
  let modules: string[];
  beforeAll(async () => {
    const { code } = await bundleWorkflowCode({
      workflowsPath: fileURLToPath(new URL('../../src/workflows/index.ts', import.meta.url)),
      workflowInterceptorModules: [fileURLToPath(new URL('../../src/workflows/trace-context.ts', import.meta.url))],
      logger: { trace() {}, debug() {}, info() {}, warn() {}, error() {}, log() {} },
    });
    const map = /sourceMappingURL=data:application\/json[^,]*;base64,([A-Za-z0-9+/=]+)/.exec(code)?.[1] ?? '';
    modules = (JSON.parse(Buffer.from(map, 'base64').toString('utf8')) as { sources: string[] }).sources;
  });

  it('is read rightly: it holds the workflow library and our workflows', () => {
    expect(modules.some((name) => name.includes('@temporalio/workflow'))).toBe(true);
    expect(modules.some((name) => name.includes('src/workflows/'))).toBe(true);
  });

  it.each(FORBIDDEN)('holds nothing of %s', (name) => {
    const inside = modules.filter(
      (module) => module.includes(`node_modules/${name}`) || module.includes(`external "${name}`),
    );
    expect(inside).toEqual([]);
  });

  it('holds no room but workflows and approval, and of the contract what is meant for the sandbox', () => {
    const ours = modules
      .filter((module) => !module.includes('node_modules'))
      .flatMap((module) => {
        const [, file] = /\bsrc\/([a-z]+\/.+)$/.exec(module) ?? [];
        return file === undefined || /^(approval|workflows)\//.test(file) ? [] : [file];
      });
    expect([...new Set(ours)].sort()).toEqual(CONTRACT_INSIDE);
  });
});
