/** What `countersign mcp --init` writes is a policy that lints, with cases that hold, and allows nothing. */
import { describe, expect, it } from 'vitest';
import type { Tool } from '@modelcontextprotocol/client';
import { parse } from 'yaml';
import { initFiles } from '../../src/mcp/init.ts';
import { buildBundle, compileBundle, lintFiles, runCases } from '../../src/policy/index.ts';

const tools: Tool[] = [
  {
    name: 'createRefund',
    inputSchema: {
      type: 'object',
      properties: {
        amount: { type: 'number' },
        order: { type: 'string' },
        how: { enum: ['card', 'bank'] },
        tags: { type: 'array', items: { type: 'string' } },
        dry: { type: 'boolean', default: true },
        left: { type: 'string' },
      },
      required: ['amount', 'order', 'how', 'tags', 'dry'],
    },
  },
  // Harmless by its own word, which counts for nothing.
  { name: 'read file', inputSchema: { type: 'object' }, annotations: { readOnlyHint: true, destructiveHint: false } },
];
const files = initFiles('shop', tools);
const policies = Object.entries(files)
  .filter(([name]) => !name.includes('mapping'))
  .map(([path, text]) => ({ path, text }));

describe('the files of --init', () => {
  it('are a policy, its cases and a mapping', () => {
    expect(Object.keys(files)).toEqual(['mcp.shop.yaml', 'mcp.shop.test.yaml', 'mcp.shop.mapping.yaml']);
    expect(parse(files['mcp.shop.mapping.yaml'] ?? '')).toEqual({
      server: 'shop',
      tools: {
        createRefund: { surface: 'mcp.shop.createrefund' },
        'read file': { surface: 'mcp.shop.read-file' },
      },
      allow: [],
    });
  });

  it('lint, and their cases hold: every tool asks', () => {
    const { bundle } = buildBundle(policies);
    expect(lintFiles(policies).filter(({ severity }) => severity === 'error')).toEqual([]);
    const { results, problems } = runCases(compileBundle(bundle?.source ?? null, bundle?.hash), policies, () => []);
    expect(problems).toEqual([]);
    expect(results.map(({ name, pass }) => [name, pass])).toEqual([
      ['createRefund asks', true],
      ['read file asks', true],
    ]);
  });
});
