import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parseDirectory } from '../../src/identity/index.ts';
import { countersign } from './harness.ts';

const OWNER = 'user:duty-manager@acme.test';
let policies: string;
const file = (): string => join(policies, 'directory.yaml');
const agent = (...args: string[]) => countersign(['agent', ...args, '--policies', policies]);
const directory = () => parseDirectory('d', readFileSync(file(), 'utf8')).directory;

beforeEach(() => {
  policies = mkdtempSync(join(tmpdir(), 'countersign-agents-'));
  cpSync('policies/directory.yaml', file());
});
afterEach(() => rmSync(policies, { recursive: true }));

describe('countersign agent', () => {
  it('adds, lists and retires, and leaves the rest of the file as it was', async () => {
    const before = readFileSync(file(), 'utf8');
    const all = ['--purpose', 'answers customers', '--role', 'support', '--role', 'reader', '--surface', 'payments.*'];
    const added = await agent('add', 'agent:bot', '--owner', OWNER, ...all, '--expires', '2099-01-31T00:00:00Z');
    expect(added).toMatchObject({ code: 0, err: '' });
    expect(await agent('add', 'service:billing', '--owner', OWNER)).toMatchObject({ code: 0, err: '' });
    const text = readFileSync(file(), 'utf8');
    for (const line of before.split('\n').filter((one) => one.startsWith('#'))) expect(text).toContain(line);
    expect(directory()?.workload('agent:bot')).toEqual({
      ...{ id: 'agent:bot', name: null, purpose: 'answers customers', owner: OWNER, active: true },
      ...{ roles: ['support', 'reader'], groups: null, surfaces: ['payments.*'] },
      expiresAt: Date.parse('2099-01-31T00:00:00Z'),
    });
    expect((await agent('retire', 'agent:bot')).code).toBe(0);
    expect(directory()?.workload('agent:bot')?.active).toBe(false);
    const listed = JSON.parse((await agent('list', '--json')).out) as { agents: { id: string; owner: string }[] };
    expect(listed.agents.map(({ id, owner }) => [id, owner])).toEqual([
      ['agent:bot', OWNER],
      ['service:billing', OWNER],
    ]);
    expect((await agent('list')).out).toMatch(/agent:bot .*retired/);
  });

  it('says whose owner left', async () => {
    expect(await agent('add', 'agent:bot', '--owner', OWNER)).toMatchObject({ code: 0, err: '' });
    const name = 'name: Dana Moreau';
    writeFileSync(file(), readFileSync(file(), 'utf8').replace(name, `${name}\n    active: false`));
    expect((await agent('list')).out).toContain(`${OWNER} (left)`);
  });

  it.each<[string, string[]]>([
    ['an owner whom nobody knows', ['add', 'agent:x', '--owner', 'user:nobody@acme.test']],
    ['an owner who is an agent', ['add', 'agent:x', '--owner', 'agent:y']],
    ['no owner', ['add', 'agent:x']],
    ['a person', ['add', 'user:x@acme.test', '--owner', OWNER]],
    ['a display name', ['add', 'agent:Support Bot', '--owner', OWNER]],
    ['a time without an offset', ['add', 'agent:x', '--owner', OWNER, '--expires', '2099-01-31']],
    ['one that is there in another spelling', ['add', 'agent:THERE', '--owner', OWNER]],
    ['the end of one that is not there', ['retire', 'agent:nobody']],
  ])('refuses %s, and changes nothing', async (_, args) => {
    await agent('add', 'agent:there', '--owner', OWNER);
    const before = readFileSync(file(), 'utf8');
    expect((await agent(...args)).code).not.toBe(0);
    expect(readFileSync(file(), 'utf8')).toBe(before);
  });
});
