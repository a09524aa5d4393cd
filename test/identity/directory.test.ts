import { mkdtempSync, readFileSync, renameSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import type { Actor } from '../../src/contract/index.ts';
import { parseDirectory, watchDirectory, type Directory, type DirectoryProblem } from '../../src/identity/index.ts';

const FILE = `
emailMatch: true
people:
  - { id: "user:req@acme.test", name: Rae, email: rae@acme.test, manager: "user:lead@acme.test" }
  - { id: "user:lead@acme.test", name: Lee, email: lee@acme.test, slack: { workspace: T1, user: U1 }, groups: [finance], roles: [approver] }
  - { id: "user:cfo@acme.test", name: Cleo, email: cleo@acme.test, groups: [finance] }
  - { id: "user:gone@acme.test", name: Gus, email: gus@acme.test, slack: { workspace: T1, user: U9 }, groups: [finance], roles: [approver], active: false }
  - { id: "user:orphan@acme.test", name: Ola, manager: "user:gone@acme.test" }
`;

function directoryOf(text: string): Directory {
  const { directory, problems } = parseDirectory('directory.yaml', text);
  expect(problems).toEqual([]);
  if (directory === null) throw new Error('no directory');
  return directory;
}

const directory = directoryOf(FILE);
const user = (id: string, onBehalfOf?: Actor): Actor => ({ id, type: 'user', onBehalfOf });
const agent = (onBehalfOf?: Actor): Actor => ({ id: 'agent:bot', type: 'agent', onBehalfOf });

describe('resolve', () => {
  const rae = user('user:req@acme.test');
  it.each<[string, string, Actor, string[]]>([
    ['a person', 'user:lead@acme.test', rae, ['user:lead@acme.test']],
    ['a person who left', 'user:gone@acme.test', rae, []],
    ['nobody', 'user:nobody@acme.test', rae, []],
    ['another case', 'user:Lead@acme.test', rae, []],
    ['a group, sorted, without who left', 'group:finance', rae, ['user:cfo@acme.test', 'user:lead@acme.test']],
    ['an unknown group', 'group:fin', rae, []],
    ['a role', 'role:approver', rae, ['user:lead@acme.test']],
    ['a role named as a group', 'group:approver', rae, []],
    ['a bare name', 'finance', rae, []],
    ['nothing', '', rae, []],
    ['the manager of the actor', 'manager', rae, ['user:lead@acme.test']],
    ['the manager behind an agent', 'manager', agent(agent(rae)), ['user:lead@acme.test']],
    ['the manager of an agent for nobody', 'manager', agent(), []],
    ['the manager of an unknown user', 'manager', user('user:x@acme.test', rae), []],
    ['the manager of an agent that calls itself a person', 'manager', { id: rae.id, type: 'agent' }, []],
    ['a manager who left', 'manager', user('user:orphan@acme.test'), []],
    ['the manager of somebody who left', 'manager', user('user:gone@acme.test'), []],
  ])('%s', (_, ref, actor, want) => {
    expect(directory.resolve(ref, actor)).toEqual(want);
  });
});

describe('bySlack', () => {
  const strict = directoryOf(FILE.replace('emailMatch: true', 'emailMatch: false'));
  it.each<[string, Directory, string, string, string | undefined, string | null]>([
    ['the explicit id', directory, 'T1', 'U1', undefined, 'user:lead@acme.test'],
    ['the explicit id, whatever the e-mail', directory, 'T1', 'U1', 'cleo@acme.test', 'user:lead@acme.test'],
    ['the same id in another workspace', directory, 'T2', 'U1', undefined, null],
    ['e-mail where the directory opts in', directory, 'T1', 'U5', 'cleo@acme.test', 'user:cfo@acme.test'],
    ['e-mail where it does not', strict, 'T1', 'U5', 'cleo@acme.test', null],
    ['e-mail of a person who has a Slack id', directory, 'T1', 'U5', 'lee@acme.test', null],
    ['somebody who left', directory, 'T1', 'U9', undefined, null],
    ['somebody who left, with another’s e-mail', directory, 'T1', 'U9', 'cleo@acme.test', null],
    ['e-mail in another case', directory, 'T1', 'U5', 'CLEO@acme.test', 'user:cfo@acme.test'],
    ['an empty e-mail', directory, 'T1', 'U5', '', null],
    ['an unknown user', directory, 'T1', 'U5', undefined, null],
  ])('%s', (_, from, workspace, slackUser, email, want) => {
    expect(from.bySlack(workspace, slackUser, email)?.id ?? null).toBe(want);
  });
});

describe('parseDirectory says where a file is wrong', () => {
  const ada = '  - { id: "user:ada@acme.test", name: Ada }\n';
  it.each<[string, string, [number, number], RegExp]>([
    ['not YAML', 'people: [', [1, 10], /flow/i],
    ['empty', '', [1, 1], /people/],
    ['a duplicate YAML key', 'people: []\npeople: []\n', [2, 1], /unique/],
    ['nobody', 'people: []\n', [1, 9], /people/],
    ['an unknown key', `people:\n${ada}owner: me\n`, [3, 8], /owner/],
    ['an unknown key of a person', 'people:\n  - { id: "user:a", name: A, admin: true }\n', [2, 37], /admin/],
    ['an id without `user:`', 'people:\n  - { id: ada, name: Ada }\n', [2, 11], /user:/],
    ['an agent among the people', 'people:\n  - { id: "agent:bot", name: Bot }\n', [2, 11], /user:/],
    ['a duplicate id', `people:\n${ada}${ada}`, [3, 11], /belongs to/],
    [
      'a duplicate Slack id',
      'people:\n  - { id: "user:a", name: A, slack: { workspace: T1, user: U1 } }\n  - { id: "user:b", name: B, slack: { workspace: T1, user: U1 } }\n',
      [3, 60],
      /U1/,
    ],
    [
      'a duplicate e-mail',
      'people:\n  - { id: "user:a", name: A, email: a@acme.test }\n  - { id: "user:b", name: B, email: a@acme.test }\n',
      [3, 37],
      /a@acme.test/,
    ],
    ['an unknown manager', 'people:\n  - { id: "user:a", name: A, manager: "user:b" }\n', [2, 39], /user:b/],
    [
      'a person who manages themself',
      'people:\n  - { id: "user:a", name: A, manager: "user:a" }\n',
      [2, 39],
      /their own/,
    ],
    [
      'a Slack name for an id',
      'people:\n  - { id: "user:a", name: A, slack: { workspace: acme, user: U1 } }\n',
      [2, 50],
      /T024BE7LD/,
    ],
    ['text for a truth value', `people:\n  - { id: "user:a", name: A, active: "no" }\n`, [2, 38], /active/],
  ])('%s', (_, text, [line, column], message) => {
    const { directory: none, problems } = parseDirectory('d.yaml', text);
    expect(none).toBeNull();
    expect(problems[0]).toMatchObject({ path: 'd.yaml', line, column });
    expect(problems[0]?.message).toMatch(message);
  });
});

describe('watchDirectory', () => {
  const folder = mkdtempSync(join(tmpdir(), 'directory-'));
  const file = join(folder, 'directory.yaml');
  afterEach(() => rmSync(file, { force: true }));
  const person = (active: boolean): string => `people:\n  - { id: "user:a", name: A, active: ${String(active)} }\n`;

  it('sees an edit at the next look, and keeps the last good one through a broken and a vanished file', () => {
    writeFileSync(file, person(true));
    const reported: DirectoryProblem[][] = [];
    const source = watchDirectory(file, { onProblems: (problems) => reported.push(problems) });
    expect(source.current().active('user:a')).toBe(true);

    writeFileSync(`${file}.new`, 'people: nonsense\n');
    renameSync(`${file}.new`, file);
    expect(source.current().active('user:a')).toBe(true);
    expect(source.current().active('user:a')).toBe(true);
    expect(reported).toHaveLength(1);

    writeFileSync(file, person(false));
    utimesSync(file, 1, 1);
    expect(source.current().active('user:a')).toBe(false);

    rmSync(file);
    expect(source.current().active('user:a')).toBe(false);
    expect(source.current().person('user:a')).not.toBeNull();
    expect(reported).toHaveLength(2);
  });

  it('refuses to start on a file that is broken or absent', () => {
    expect(() => watchDirectory(file)).toThrow(expect.objectContaining({ code: 'configuration' }));
    writeFileSync(file, 'people: []\n');
    expect(() => watchDirectory(file)).toThrow(expect.objectContaining({ code: 'configuration' }));
  });
});

describe('the sample directory', () => {
  const file = new URL('../../policies/directory.yaml', import.meta.url);
  const sample = directoryOf(readFileSync(file, 'utf8'));

  it.each(['requester', 'finance-lead', 'cfo', 'duty-manager', 'risk-officer', 'incident-commander', 'auditor'])(
    'has %s',
    (name) => {
      expect(sample.active(`user:${name}@acme.test`)).toBe(true);
    },
  );

  it('has two people in finance who are still there', () => {
    const actor = user('user:requester@acme.test');
    expect(sample.resolve('group:finance', actor)).toEqual(['user:cfo@acme.test', 'user:finance-lead@acme.test']);
    expect(sample.resolve('role:duty-manager', actor)).toContain('user:duty-manager@acme.test');
  });
});
