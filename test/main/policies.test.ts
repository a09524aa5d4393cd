/** A policy folder is read whole: what a file is called, and where a link leads, makes no policy less of one. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loadBundle, readPolicyFolder } from '../../src/main/policies.ts';
import { lintFiles } from '../../src/policy/index.ts';
import { countersign } from '../cli/harness.ts';

const policy = (name: string): string =>
  `policy: ${name}\nsurfaces: [p.q]\nrules: [{ id: a, when: 'true', then: refuse }]\n`;

let base: string;
let folder: string;
beforeEach(() => {
  base = realpathSync(mkdtempSync(join(tmpdir(), 'countersign-folder-')));
  folder = join(base, 'policies');
  write('one.yaml', policy('one'));
});
afterEach(() => rmSync(base, { recursive: true }));

function write(path: string, text: string, root = folder): string {
  const file = join(root, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
  return file;
}
const policies = (): string[] =>
  Object.keys((loadBundle(folder).source as { policies: Record<string, unknown> }).policies).sort();

describe('every policy is in force', () => {
  it.each<[string, () => void]>([
    ['.yml', () => write('two.yml', policy('two'))],
    ['.YAML', () => write('two.YAML', policy('two'))],
    ['.Yml', () => write('TWO.Yml', policy('two'))],
    ['in a folder', () => write('a/b/two.yaml', policy('two'))],
    ['in a folder that is hidden', () => write('.a/two.yaml', policy('two'))],
    ['hidden itself', () => write('.two.yaml', policy('two'))],
    ['a link', () => symlinkSync(write('texts/two.txt', policy('two')), join(folder, 'two.yaml'))],
    [
      'a relative link',
      () => (write('texts/two.txt', policy('two')), symlinkSync('texts/two.txt', join(folder, 'two.yaml'))),
    ],
    [
      'a link to a link',
      () => {
        symlinkSync(write('texts/two.txt', policy('two')), join(folder, 'texts/again'));
        symlinkSync(join(folder, 'texts/again'), join(folder, 'two.yaml'));
      },
    ],
    [
      'in a linked folder',
      () => {
        write('store/two.txt', policy('two'));
        symlinkSync(join(folder, 'store'), join(folder, 'linked'));
        symlinkSync(join(folder, 'store/two.txt'), join(folder, 'linked/two.yaml'));
      },
    ],
  ])('%s', (_what, make) => {
    make();
    expect(policies()).toContain('two');
  });

  it('also where the folder itself is a link', () => {
    symlinkSync(folder, join(base, 'link'));
    expect(loadBundle(join(base, 'link')).hash).toBe(loadBundle(folder).hash);
  });

  it('and a link back to a folder around it is passed over', () => {
    mkdirSync(join(folder, 'a'));
    symlinkSync(folder, join(folder, 'a/up'));
    expect(policies()).toEqual(['one']);
  });
});

describe('what is neither a file nor a folder is refused, and not read for ever', () => {
  it.each(['pipe.yaml', 'a/pipe.txt', 'directory.yaml'])('a pipe called %s', (name) => {
    mkdirSync(join(folder, 'a'));
    execFileSync('mkfifo', [join(folder, name)]);
    expect(() => readPolicyFolder(folder)).toThrow(expect.objectContaining({ code: 'configuration' }));
  });
});

describe('a link is refused', () => {
  it.each<[string, () => void]>([
    ['to a file outside', () => symlinkSync(write('two.yaml', policy('two'), base), join(folder, 'two.yaml'))],
    [
      'to a folder outside',
      () => (mkdirSync(join(base, 'other')), symlinkSync(join(base, 'other'), join(folder, 'more'))),
    ],
    [
      'to a folder whose name begins alike',
      () => (mkdirSync(join(base, 'policies2')), symlinkSync(join(base, 'policies2'), join(folder, 'more'))),
    ],
    ['to the folder above', () => symlinkSync('..', join(folder, 'up'))],
    [
      'through a link inside',
      () => {
        symlinkSync(write('two.yaml', policy('two'), base), join(folder, 'x'));
        symlinkSync('x', join(folder, 'two.yaml'));
      },
    ],
    ['to nothing', () => symlinkSync('nothing', join(folder, 'two.yaml'))],
    ['to itself', () => symlinkSync('two.yaml', join(folder, 'two.yaml'))],
  ])('%s', (_what, make) => {
    make();
    expect(() => readPolicyFolder(folder)).toThrow(expect.objectContaining({ code: 'configuration' }));
  });
});

describe('what is not read is named', () => {
  const others = [
    'README.md',
    'two.yaml.bak',
    'mcp.shop.mapping.yaml',
    'two.yaml~',
    'two.json',
    'two.yaml.disabled',
    'a/notes.txt',
    'a/directory.yaml',
    '.DS_Store',
    'two',
    'yaml',
  ];
  it.each(others)('%s', async (path) => {
    write(path, policy('two'));
    expect(readPolicyFolder(folder)).toMatchObject({ unread: [path] });
    const { out } = await countersign(['policy', 'lint', folder]);
    expect(out).toContain(`${join(folder, path)}:1:1: warning: the file is not read`);
  });

  it('and an upload that holds one says so, by the same words', () => {
    expect(
      lintFiles([
        { path: 'one.yaml', text: policy('one') },
        { path: 'x.txt', text: '' },
      ]),
    ).toContainEqual(expect.objectContaining({ file: 'x.txt', severity: 'warning' }));
  });
});

describe('a text that YAML cuts', () => {
  it.each([
    'because: Refunds above #1000 go to treasury',
    '  because: See #1000',
    'because: a # b',
    '{ id: a, because: ask in #treasury, then: refuse }',
    'description: All of #finance',
    'because: it’s "big" #1',
    'because: x\t# y',
    'because: Über #1',
    'because:   spaced   #1',
    'because: a#b #c',
  ])('%s is a warning', (line) => {
    const found = lintFiles([{ path: 'p.yaml', text: `# a comment\n${line}\n` }]);
    expect(found).toContainEqual(
      expect.objectContaining({
        severity: 'warning',
        line: 2,
        message: expect.stringContaining('is a comment') as string,
      }),
    );
  });

  it.each([
    'because: "Refunds above #1000"',
    "because: 'See #1'",
    'because: ticket#7',
    'because: plain',
    '# because: x #1',
    'because: >-\n  a #1',
  ])('%s is none', (line) => {
    const found = lintFiles([{ path: 'p.yaml', text: `${line}\n` }]);
    expect(found.filter(({ message }) => message.includes('is a comment'))).toEqual([]);
  });
});
