/** From the seat of somebody who may ask, and would rather be somebody else. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { policiesFolder } from '../support/policies.ts';
import { LEAD, refund, startTestStack, type TestStack } from '../support/stack.ts';

const IC = 'user:incident-commander@acme.test';
const OWNER = 'user:duty-manager@acme.test';
const policy = (name: string, rules: string, more = ''): string =>
  `# yaml-language-server: $schema=policy.schema.json\npolicy: ${name}\nsurfaces: [${name}]\n${more}rules:\n${rules}`;

let it_: TestStack;
let folder: ReturnType<typeof policiesFolder>;
beforeAll(async () => {
  folder = policiesFolder({
    'roles.yaml': policy(
      'test.roles',
      `  - { id: trusted, when: '"trusted" in actor.roles || "trusted" in actor.groups', then: approve }
  - { id: cfo, when: 'has(actor.onBehalfOf) && "cfo" in actor.onBehalfOf.roles', then: approve }
  - { id: else, when: 'true', then: refuse }\n`,
      'requires: [actor.roles, actor.groups]\n',
    ),
    'owned.yaml': policy('test.owned', `  - { id: all, when: 'true', then: approve }\n`, 'requires: [actor.owner]\n'),
    'duty.yaml': policy(
      'test.duty',
      `  - id: ask
    when: 'true'
    then: supervise
    approval: { stages: [{ name: duty, approvers: ['role:duty-manager'] }], expires: 1h }\n`,
      `breakGlass: { allow: ['role:incident-commander'], review: { approvers: ['group:risk'], within: 24h } }\n`,
    ),
    'directory.yaml': `${readFileSync('policies/directory.yaml', 'utf8')}agents:
  - { id: agent:owned, owner: ${OWNER}, roles: [support], purpose: answers customers }
  - { id: agent:orphan }
  - { id: agent:retired, owner: ${OWNER}, active: false }\n`,
  });
  it_ = await startTestStack({ COUNTERSIGN_POLICIES: folder.path });
});
afterAll(async () => {
  await it_.stop();
  folder.remove();
});

const agent = (id: string, more: object = {}): object => ({ actor: { id, type: 'agent', ...more } });
const on = (surface: string, more: object): object => ({ surface, action: 'do', params: {}, ...more });
const keyFor = async (scope: object): Promise<string> =>
  (await it_.call('POST', '/v1/api-keys', { surfaces: ['**'], actors: ['agent:bot'], ...scope })).body.key as string;
const recordOf = async (id: string): Promise<{ actor: object; facts: { identities: object[] } }> =>
  (await it_.call('GET', `/v1/records?action=${id}&type=verdict`)).body.records[0].record;

describe('another spelling of a name', () => {
  it.each([
    ['capitals', 'user:Finance-Lead@acme.test', 403],
    ['capitals of the domain', 'user:finance-lead@ACME.test', 403],
    ['wide letters', 'user:\uff46inance-lead@acme.test', 403],
    ['a ligature', 'user:\ufb01nance-lead@acme.test', 403],
    ['a space', 'user:finance-lead@acme.test ', 400],
    ['U+200B', 'user:finance-lead\u200b@acme.test', 400],
    ['no id at all', 'user:Board of Directors', 400],
  ])('with %s is refused before anybody is asked', async (_, id, status) => {
    const answer = await it_.ask(refund(150, agent('agent:support-bot', { onBehalfOf: { id, type: 'user' } })));
    expect(answer.status).toBe(status);
    if (status === 400) expect(answer.body.errors[0].pointer).toBe('/actor/onBehalfOf/id');
    else expect(answer.body.action.verdict).toMatchObject({ decision: 'refuse', basis: 'unclear' });
    const whatIf = await it_.call(
      'POST',
      '/v1/evaluate',
      refund(150, agent('agent:a', { onBehalfOf: { id, type: 'user' } })),
    );
    if (status === 400) expect(whatIf.status).toBe(400);
    else expect(whatIf.body.verdict).toMatchObject({ decision: 'refuse', basis: 'unclear' });
  });

  it('is stopped by the freeze of the other', async () => {
    const token = await it_.person(IC);
    const frozen = await it_.call(
      'POST',
      '/v1/freezes',
      { scope: 'actor', value: 'agent:rogue', reason: 'r', unknown: true },
      { token },
    );
    const answer = await it_.ask(refund(1, agent('agent:Rogue')));
    expect([answer.status, answer.body.action.verdict.decision]).toEqual([403, 'refuse']);
    await it_.call('DELETE', `/v1/freezes/${frozen.body.id}`, { reason: 'over' }, { token });
  });
});

describe('roles and groups', () => {
  it.each<[string, object, object, string | null]>([
    ['of a key that vouches for none', {}, { roles: ['trusted'], groups: ['trusted'] }, 'else'],
    ['of a key that vouches for others', { roles: ['reader'] }, { roles: ['trusted'], groups: [] }, 'else'],
    ['of a key that vouches for them', { roles: ['trusted'] }, { roles: ['trusted'], groups: [] }, 'trusted'],
    ['that are not claimed, of a key that vouches', { roles: ['a'], groups: ['trusted'] }, {}, 'trusted'],
    [
      'of a person whom the key may not speak for',
      { roles: ['a'], groups: ['b'] },
      { onBehalfOf: { id: 'user:cfo@acme.test', type: 'user', roles: ['cfo'] } },
      'else',
    ],
  ])('%s', async (_, scope, claims, rule) => {
    const token = await keyFor(scope);
    const { body } = await it_.ask(on('test.roles', agent('agent:bot', claims)), { token });
    expect((body.verdict ?? body.action.verdict).rule).toBe(rule);
    const whatIf = await it_.call('POST', '/v1/evaluate', on('test.roles', agent('agent:bot', claims)), { token });
    expect(whatIf.body.verdict.rule).toBe(rule);
  });

  it('that nobody vouches for are sealed as claimed, and not in clear', async () => {
    const { body } = await it_.ask(on('test.roles', agent('agent:bot', { roles: ['trusted'], groups: [] })), {
      token: await keyFor({}),
    });
    const record = await recordOf(body.action.id);
    expect(record.facts.identities).toMatchObject([
      { id: 'agent:bot', standing: 'unlisted', roles: [], claimed: expect.stringMatching(/^sha256:/) },
    ]);
    expect(JSON.stringify(record)).not.toContain('trusted"');
  });

  it('that the directory contradicts are refused', async () => {
    const { body } = await it_.ask(on('test.roles', agent('agent:owned', { roles: ['trusted'], groups: [] })));
    expect(body.action.verdict).toMatchObject({ decision: 'refuse', basis: 'unclear' });
  });

  it('cannot be vouched for without a name', async () => {
    const answer = await it_.call('POST', '/v1/api-keys', { surfaces: ['**'], actors: ['agent:a'], roles: ['*'] });
    expect([answer.status, answer.body.errors[0].pointer]).toEqual([400, '/roles/0']);
  });
});

describe('who stands behind', () => {
  it('is sealed as unverified where the directory does not have them', async () => {
    const behind = { id: 'user:nobody@elsewhere.test', type: 'user' };
    const { body } = await it_.ask(refund(150, agent('agent:support-bot', { onBehalfOf: behind })));
    expect(body.status).toBe('supervised');
    const record = await recordOf(body.id);
    expect(record.actor).toMatchObject({ owner: null, onBehalfOf: { ...behind, unverified: true } });
    const message = await it_.sandbox.control.waitFor(() =>
      it_.sandbox.control.messages('finance-approvals').find((one) => JSON.stringify(one).includes('unverified')),
    );
    expect(JSON.stringify(message)).toContain('no owner');
  });

  it('does not approve what their agent asks', async () => {
    const { body } = await it_.ask(on('test.duty', agent('agent:owned')));
    expect(body.approval.stages[0].approvers).toEqual(['user:duty-deputy@acme.test']);
    const path = `/v1/actions/${body.id}/decisions`;
    const own = await it_.call('POST', path, { decision: 'approve' }, { token: await it_.person(OWNER) });
    expect([own.status, own.body.code]).toEqual([403, 'own-request']);
  });

  it('may be required: an agent without an owner is refused', async () => {
    expect((await it_.ask(on('test.owned', agent('agent:owned')))).body.status).toBe('released');
    for (const id of ['agent:orphan', 'agent:unknown', 'agent:retired']) {
      const { body } = await it_.ask(on('test.owned', agent(id)));
      expect(body.action.verdict, id).toMatchObject({ decision: 'refuse', basis: 'unclear' });
    }
  });
});

describe('the first key', () => {
  const emergency = { context: { urgency: 'emergency', reason: 'all is down' } };
  it('breaks no glass in a person’s name', async () => {
    const { body } = await it_.ask(on('test.duty', { actor: { id: IC, type: 'user' }, ...emergency }));
    expect(body).toMatchObject({ status: 'supervised', verdict: { basis: 'unclear' } });
    const own = await it_.ask(on('test.duty', { actor: { id: IC, type: 'user' }, ...emergency }), {
      token: await it_.person(IC),
    });
    expect(own.body).toMatchObject({ status: 'released', verdict: { basis: 'break_glass' } });
  });
});

it('somebody who left while it waited gets nothing', async () => {
  const { body } = await it_.ask(
    refund(160, agent('agent:support-bot', { onBehalfOf: { id: 'user:requester@acme.test', type: 'user' } })),
  );
  expect(body.status).toBe('supervised');
  const file = join(folder.path, 'directory.yaml');
  const robin = 'name: Robin Requester';
  writeFileSync(file, readFileSync(file, 'utf8').replace(robin, `${robin}\n    active: false`));
  const path = `/v1/actions/${body.id}/decisions`;
  await it_.call('POST', path, { decision: 'approve', reason: 'ok' }, { token: await it_.person(LEAD) });
  const after = await it_.call('GET', `/v1/actions/${body.id}?wait=30`);
  expect(after.body).toMatchObject({ status: 'refused', permit: null, verdict: { basis: 'unclear' } });
});
