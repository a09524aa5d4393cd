import { readFileSync, readdirSync } from 'node:fs';
import { relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode } from '@temporalio/worker';
import { describe, expect, it } from 'vitest';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const ROOM = fileURLToPath(new URL('../../src/approval/', import.meta.url));
const quiet = { trace() {}, debug() {}, info() {}, warn() {}, error() {}, log() {} };

/** The repository's files and packages in a workflow bundle, from the source map at its end. */
async function sourcesOf(workflow: string): Promise<Set<string>> {
  const workflowsPath = fileURLToPath(new URL(`./bundle/${workflow}`, import.meta.url));
  const { code } = await bundleWorkflowCode({ workflowsPath, logger: quiet });
  const [, map = ''] =
    /sourceMappingURL=data:application\/json;(?:charset=[^;]*;)?base64,([A-Za-z0-9+/=]+)/.exec(code) ?? [];
  const { sources } = JSON.parse(Buffer.from(map, 'base64').toString('utf8')) as { sources: string[] };
  return new Set(
    sources.map((source) =>
      relative(ROOT, source.replace(/^webpack:\/\/[^/]*\//, ''))
        .split(sep)
        .join('/'),
    ),
  );
}

const IDS = 'src/contract/identifiers.ts';

describe('what approval brings into the workflow sandbox', () => {
  it('is its own files, and how ids are compared, which imports nothing', async () => {
    const without = await sourcesOf('empty.ts');
    const withIt = await sourcesOf('approval.ts');
    const brought = [...withIt].filter((source) => !without.has(source)).sort();
    const files = readdirSync(ROOM).filter((file) => file !== 'types.ts');
    expect(
      brought.filter((source) => !source.includes('test/approval/')).map((source) => source.replace(/.*src\//, 'src/')),
    ).toEqual([...files.map((file) => `src/approval/${file}`), IDS].sort());
    expect(readFileSync(fileURLToPath(new URL(`../../${IDS}`, import.meta.url)), 'utf8')).not.toMatch(/^import/m);
  });

  it('imports at run time only these, and reads no clock', () => {
    for (const file of readdirSync(ROOM)) {
      const text = readFileSync(`${ROOM}${file}`, 'utf8');
      const imports = [...text.matchAll(/^(?:import|export) (?!type)[^;]*? from '([^']+)'/gm)].map(([, from]) => from);
      for (const from of imports) expect(from).toMatch(/^(\.\/[a-z]+|\.\.\/contract\/identifiers)\.ts$/);
      expect(text).not.toMatch(/Date\.now|new Date\(\)|Math\.random|\bprocess\b|\bBuffer\b|structuredClone/);
    }
  });
});
