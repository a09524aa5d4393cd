import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { loopingProgram } from '../support/looping-program.ts';
import { countersign } from './harness.ts';

const folder = mkdtempSync(join(tmpdir(), 'cli-policy-'));
const POLICY = `policy: files.delete
surfaces: [files.delete]
rules:
  - { id: few, when: params.count <= 10, then: approve }
  - id: many
    when: 'true'
    then: supervise
    approval: { stages: [{ name: owner, approvers: ["user:ada@acme.test"] }] }
`;
const CASES = `given:
  request: { surface: files.delete, action: delete, actor: { id: "agent:bot", type: agent } }
cases:
  - { name: a few, request: { params: { count: 3 } }, want: { decision: approve, rule: few } }
  - { name: many, request: { params: { count: 30 } }, want: { decision: supervise, approvers: [["user:ada@acme.test"]] } }
`;
const DIRECTORY = 'people:\n  - { id: "user:ada@acme.test", name: Ada }\n';

function write(name: string, files: Record<string, string>): void {
  rmSync(join(folder, name), { recursive: true, force: true });
  mkdirSync(join(folder, name));
  for (const [file, text] of Object.entries(files)) writeFileSync(join(folder, name, file), text);
}
const run = (...args: string[]) => countersign(['policy', ...args], { cwd: folder });

beforeEach(() =>
  write('policies', { 'files.delete.yaml': POLICY, 'files.delete.test.yaml': CASES, 'directory.yaml': DIRECTORY }),
);

describe('policy lint', () => {
  it('finds nothing in good policies', async () => {
    const ran = await run('lint');
    expect([ran.code, ran.err]).toEqual([0, '']);
    expect(ran.out).toContain('0 errors');
  });

  it.each<[string, string, string, RegExp]>([
    [
      'a broken policy',
      'files.delete.yaml',
      'policy: files.delete\nrules: []\n',
      /policies\/files\.delete\.yaml:\d+:\d+: error/,
    ],
    ['a broken directory', 'directory.yaml', 'people: []\n', /policies\/directory\.yaml:1:9: error/],
  ])('refuses %s, with its place', async (_, file, text, place) => {
    writeFileSync(join(folder, 'policies', file), text);
    const ran = await run('lint');
    expect(ran.code).toBe(3);
    expect(ran.out).toMatch(place);
    const json = JSON.parse((await run('lint', '--json')).out) as { severity: string; file: string }[];
    expect(json[0]).toMatchObject({ severity: 'error', file });
  });

  it('refuses policies without people', async () => {
    rmSync(join(folder, 'policies/directory.yaml'));
    expect(await run('lint')).toMatchObject({ code: 3 });
  });

  it('an absent folder is said to be absent', async () => {
    expect(await run('lint', 'elsewhere')).toMatchObject({
      code: 1,
      err: expect.stringContaining('elsewhere') as string,
    });
  });
});

describe('policy test', () => {
  it('passes, and counts the rules', async () => {
    const ran = await run('test');
    expect([ran.code, ran.err]).toEqual([0, '']);
    expect(ran.out).toContain('files.delete: 2 of 2 rules');
    expect(ran.out).toContain('2 passed, 0 failed');
  });

  it('names the case that is not as wanted', async () => {
    writeFileSync(
      join(folder, 'policies/files.delete.test.yaml'),
      CASES.replace('decision: approve', 'decision: refuse'),
    );
    const ran = await run('test');
    expect(ran.code).toBe(3);
    expect(ran.out).toMatch(/files\.delete\.test\.yaml:4: a few/);
  });

  it('no cases are no pass, and broken policies no verdict', async () => {
    rmSync(join(folder, 'policies/files.delete.test.yaml'));
    expect(await run('test')).toMatchObject({ code: 2, err: expect.stringContaining('no cases') as string });
    writeFileSync(join(folder, 'policies/files.delete.yaml'), 'policy: [');
    expect(await run('test')).toMatchObject({ code: 3, err: expect.stringContaining('policy lint') as string });
  });
});

describe('policy diff', () => {
  it('names the cases that another version judges otherwise', async () => {
    cpSync(join(folder, 'policies'), join(folder, 'next'), { recursive: true });
    expect(await run('diff', 'policies', 'next')).toMatchObject({
      code: 0,
      out: '0 of 2 cases are judged otherwise\n',
    });
    const file = join(folder, 'next/files.delete.yaml');
    writeFileSync(file, readFileSync(file, 'utf8').replace('<= 10', '<= 2'));
    const ran = await run('diff', 'policies', 'next');
    expect(ran.code).toBe(0);
    expect(ran.out).toMatch(/^~ files\.delete\n.*a few: approve → supervise\n1 of 2 cases are judged otherwise\n$/s);
  });
});

/** `loop br 0 end`: a module whose start never ends. */
const ENDLESS = Buffer.from([
  ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 1, 4, 1, 0x60, 0, 0, 3, 2, 1, 0, 8, 1, 0],
  ...[10, 9, 1, 7, 0, 3, 0x40, 0x0c, 0, 0x0b, 0x0b],
]);

describe('a policy that is a program and does not end', () => {
  it('is refused by lint, test and diff, and none of them hangs', async () => {
    cpSync(join(folder, 'policies'), join(folder, 'sound'), { recursive: true });
    writeFileSync(join(folder, 'policies/loop.wasm'), ENDLESS);
    const ran = await Promise.all([run('lint'), run('test'), run('diff', 'sound', 'policies')]);
    for (const { code, err } of ran) expect([code, err]).toEqual([3, expect.stringContaining('takes longer')]);
  }, 240_000);

  it('is refused with basis error where it ends on its cases, and not on the request at hand', async () => {
    const business = readFileSync(join(import.meta.dirname, '../policy/fixtures/business.wasm'), 'base64');
    const rule = `- { id: few, when: 'opa("business")', then: approve }`;
    writeFileSync(join(folder, 'policies/files.delete.yaml'), POLICY.replace(/- \{ id: few.*/, rule));
    rmSync(join(folder, 'policies/files.delete.test.yaml'));
    writeFileSync(join(folder, 'policies/business.wasm'), Buffer.from(loopingProgram(business, 2000), 'base64'));
    const asked = ['--surface', 'files.delete', '--action', 'delete', '--actor', 'agent:bot', '--param'];
    const ran = await countersign(['evaluate', '--offline', ...asked, `padding=${'x'.repeat(2000)}`, '--json'], {
      cwd: folder,
    });
    expect([ran.code, JSON.parse(ran.out)]).toMatchObject([3, { verdict: { decision: 'refuse', basis: 'error' } }]);
  }, 240_000);
});
