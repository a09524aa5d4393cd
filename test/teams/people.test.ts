/** Who a user of Teams is, and whether policy lets them decide there. */
import { expect, it } from 'vitest';
import { DEFAULT_DOORS, presenceOf } from '../../src/contract/index.ts';
import { parseDirectory, withProvisioned, type Directory } from '../../src/identity/index.ts';
import { lintFiles } from '../../src/policy/index.ts';
import { shippedFiles } from '../policy/helpers.ts';

const TENANT = '72f988bf-86f1-41af-91ab-2d7cd011db47';
const USER = 'aaaaaaaa-0000-4000-8000-000000000001';
const GONE = 'aaaaaaaa-0000-4000-8000-000000000002';
const FILE = `
emailMatch: true
people:
  - { id: "user:lead@acme.test", name: Lee, email: lee@acme.test, teams: { tenant: ${TENANT.toUpperCase()}, user: ${USER} } }
  - { id: "user:gone@acme.test", name: Gus, teams: { tenant: ${TENANT}, user: ${GONE} }, active: false }
  - { id: "user:none@acme.test", name: ${USER}, email: none@acme.test }
`;

function directoryOf(text: string): Directory {
  const { directory, problems } = parseDirectory('directory.yaml', text);
  if (directory === null) throw new Error(JSON.stringify(problems));
  return directory;
}

it.each([
  ['their ids, however spelled', TENANT, USER, 'user:lead@acme.test'],
  ['another tenant', '00000000-86f1-41af-91ab-2d7cd011db47', USER, null],
  ['another user', TENANT, 'aaaaaaaa-0000-4000-8000-0000000000ff', null],
  ['somebody who left', TENANT, GONE, null],
  ['an address', TENANT, 'lee@acme.test', null],
])('is found by %s', (_, tenant, user, id) => {
  expect(directoryOf(FILE).byTeams({ tenant, user })?.id ?? null).toBe(id);
});

it.each([
  ['no id', `{ tenant: ${TENANT}, user: lee@acme.test }`, /GUID/],
  ['no tenant', `{ user: ${USER} }`, /tenant/],
  ['more than that', `{ tenant: ${TENANT}, user: ${USER}, name: Lee }`, /name/],
])('is nobody by %s', (_, teams, says) => {
  const { problems } = parseDirectory('directory.yaml', `people:\n  - { id: "user:a", name: A, teams: ${teams} }\n`);
  expect(problems.map(({ message }) => message).join()).toMatch(says);
});

it('is one person alone', () => {
  const line = (id: string): string => `  - { id: "${id}", name: A, teams: { tenant: ${TENANT}, user: ${USER} } }\n`;
  const { problems } = parseDirectory('directory.yaml', `people:\n${line('user:a')}${line('user:b')}`);
  expect(problems.map(({ message }) => message)).toEqual([
    `the Teams user \`${USER}\` belongs to \`user:a\` already; it can mean one person only`,
  ]);
});

it('is the same person when an identity provider keeps them', () => {
  const lead = {
    id: '1',
    userName: 'lead@acme.test',
    externalId: null,
    name: 'Lee L.',
    email: null,
    roles: [],
    manager: null,
    active: true,
  };
  const all = withProvisioned(directoryOf(FILE), { users: [lead], groups: [], gone: [], stopped: [] });
  expect(all.byTeams({ tenant: TENANT, user: USER })).toMatchObject({ id: 'user:lead@acme.test', name: 'Lee L.' });
  const without = withProvisioned(directoryOf(FILE), { users: [], groups: [], gone: ['lead@acme.test'], stopped: [] });
  expect(without.byTeams({ tenant: TENANT, user: USER })).toBeNull();
});

it('decides where policy names the door, and nowhere else', () => {
  const named = (via: string) =>
    lintFiles(
      shippedFiles().map((file) =>
        file.path === 'payments.refund.yaml'
          ? { ...file, text: file.text.replace('      fourEyes: true', `      fourEyes: true\n      via: [${via}]`) }
          : file,
      ),
    ).filter(({ severity }) => severity === 'error');
  expect(named('teams, console')).toEqual([]);
  expect(named('teems')).not.toEqual([]);
  expect(DEFAULT_DOORS).toEqual(['slack', 'console', 'api', 'cli']);
  expect([presenceOf('teams', false), presenceOf('teams', true)]).toEqual(['click', 'passkey']);
});
