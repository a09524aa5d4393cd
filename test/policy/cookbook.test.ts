/** The cookbook: twenty policies without a fault or a warning, every rule reached by a case, and the page that is made of them. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { cookbookPage } from '../../scripts/docs/cookbook.ts';
import { countersign } from '../cli/harness.ts';

describe('the cookbook', () => {
  it('has twenty policies, and not a warning', async () => {
    const { code, out } = await countersign(['policy', 'lint', 'examples/cookbook']);
    expect([code, out]).toEqual([0, '0 errors, 0 warnings\n']);
  });

  it('does what its cases say, and they reach every rule', async () => {
    const { code, out } = await countersign(['policy', 'test', 'examples/cookbook']);
    expect(code, out).toBe(0);
    const reached = [...out.matchAll(/^([\w-]+): (\d+) of (\d+) rules/gm)].map(([, name, some, all]) => [
      name,
      some === all,
    ]);
    expect(reached).toHaveLength(20);
    expect(reached.filter(([, whole]) => whole !== true)).toEqual([]);
  });

  it('has a policy for the file server of the examples, whose mapping is no policy', async () => {
    const { code, out } = await countersign(['policy', 'test', 'examples/mcp-files']);
    expect([code, out]).toEqual([0, expect.stringContaining('files: 3 of 3 rules')]);
  });

  it('is the page: `npm run docs:cookbook`', () => {
    expect(readFileSync('docs/cookbook.md', 'utf8')).toBe(cookbookPage());
  });
});
