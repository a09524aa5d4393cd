/** Entra ID's and Okta's walks through SCIM, from the first look to the leaver who decides nothing any more, at no door. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, Connection, WorkflowUpdateFailedError } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { enrol, originOf, signed } from '../support/passkeys.ts';
import { policiesFolder } from '../support/policies.ts';
import { sandboxDriver } from '../support/sandbox-driver.ts';
import { signInLinkOf } from '../support/signed-in.ts';
import { CFO, refund, startTestStack, type Answer, type TestStack } from '../support/stack.ts';

const ENTERPRISE = 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User';
const policy = (surface: string, assurance = ''): string => `policy: ${surface}
surfaces: [${surface}]
rules:
  - id: asked
    when: 'true'
    then: supervise
    approval: { stages: [{ name: treasury, approvers: ["group:treasury"]${assurance} }], expires: 4h }
notify: ["#finance-approvals"]
disclose: [params.amount]
`;
const WALKERS = ['entra', 'okta'].map((name) => ({
  name,
  person: `user:${name}@acme.test`,
  slack: `U0${name.toUpperCase()}`,
}));

const policies = policiesFolder({
  'treasury.yaml': policy('treasury.payout'),
  'signed.yaml': policy('treasury.signed', ', assurance: passkey'),
  'like.yaml': `${policy('treasury.like')}effect: { kind: compensable }\ngrants: { upTo: 100, uses: 5, within: 12h }\n`,
});
let stack: TestStack;
let scimToken: string;
let receiver: Server;
const alerts: { type: string; data: Record<string, unknown> }[] = [];
let folder: string;

beforeAll(async () => {
  receiver = createServer((request, response) => {
    let text = '';
    request
      .on('data', (chunk: Buffer) => (text += chunk.toString()))
      .on('end', () => {
        alerts.push(JSON.parse(text) as (typeof alerts)[number]);
        response.end();
      });
  });
  await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
  folder = mkdtempSync(join(tmpdir(), 'countersign-scim-'));
  const url = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/`;
  writeFileSync(
    join(folder, 'webhooks.yaml'),
    JSON.stringify({ webhooks: [{ name: 'pager', url, events: ['directory.failed'] }] }),
  );
  const file = join(policies.path, 'directory.yaml');
  // The file says who they are in Slack; the provider says what they may decide.
  const known = WALKERS.map(
    ({ name, person, slack }) =>
      `  - { id: ${person}, name: ${name}, slack: { workspace: T0SANDBOX, user: ${slack} } }\n`,
  );
  writeFileSync(file, readFileSync(file, 'utf8').replace('people:\n', `people:\n${known.join('')}`));
  stack = await startTestStack({
    COUNTERSIGN_POLICIES: policies.path,
    COUNTERSIGN_WEBHOOKS: join(folder, 'webhooks.yaml'),
  });
  scimToken = (await stack.call('POST', '/v1/scim-tokens', { for: 'our provider' })).body.token;
});
afterAll(async () => {
  await stack.stop();
  receiver.close();
  policies.remove();
  rmSync(folder, { recursive: true });
});

const scim = (method: string, path: string, body?: object, token = scimToken): Promise<Answer> =>
  stack.call(method, `/scim/v2${path}`, body, {
    token,
    headers: body === undefined ? {} : { 'content-type': 'application/scim+json' },
  });
const patch = (...Operations: object[]): object => ({
  schemas: ['urn:ietf:params:scim:api:messages:2.0:PatchOp'],
  Operations,
});
const parked = async (surface = 'treasury.payout'): Promise<Answer['body']> =>
  (
    await stack.ask({
      surface,
      action: 'payout.send',
      actor: { id: 'agent:treasurer', type: 'agent' },
      params: { amount: 7 },
    })
  ).body;
/** The cookie of somebody who signed in with a link, as the one of a start. */
async function sessionOf(person: string): Promise<string> {
  const { headers } = await fetch(await signInLinkOf(stack, person), { redirect: 'manual' });
  return headers.get('set-cookie')?.split(';')[0] ?? '';
}
/** What a page of the console asks, by its session alone. */
async function fromConsole(cookie: string, path: string, body?: object): Promise<{ status: number; body: string }> {
  const headers = { cookie, origin: stack.url, 'content-type': 'application/json', 'countersign-door': 'console' };
  const sent = body === undefined ? { headers } : { method: 'POST', headers, body: JSON.stringify(body) };
  const response = await fetch(stack.url + path, sent);
  return { status: response.status, body: await response.text() };
}
const decide = async (id: string, token: string): Promise<Answer> =>
  stack.call('POST', `/v1/actions/${id}/decisions`, { decision: 'approve', reason: 'as agreed' }, { token });

/** How each provider says that somebody is there, belongs to a group, and has left. */
const SAYS: Record<string, { create: object; join(id: string): object; leave: object }> = {
  entra: {
    create: {
      schemas: ['urn:ietf:params:scim:schemas:core:2.0:User', ENTERPRISE],
      ...{ externalId: 'entra-1', userName: 'Entra@Acme.Test', active: 'True', displayName: 'Entra Joiner' },
      emails: [{ primary: 'True', type: 'work', value: 'entra@acme.test' }],
      [ENTERPRISE]: { manager: 'cfo@acme.test' },
    },
    join: (id) => patch({ op: 'Add', path: 'members', value: [{ value: id }, { value: id }] }),
    leave: patch({ op: 'Replace', path: 'active', value: 'False' }),
  },
  okta: {
    create: {
      schemas: ['urn:ietf:params:scim:schemas:core:2.0:User'],
      ...{ userName: 'okta@acme.test', name: { givenName: 'Okta', familyName: 'Joiner' }, displayName: 'Okta Joiner' },
      emails: [{ primary: true, value: 'okta@acme.test', type: 'work' }],
      ...{ locale: 'en-US', externalId: '00u1', groups: [], password: 'unused', active: true },
    },
    join: (id) => patch({ op: 'add', path: 'members', value: [{ value: id, display: 'okta@acme.test' }] }),
    leave: patch({ op: 'replace', value: { active: false } }),
  },
};

describe.each(WALKERS)('the walk of $name', ({ name, person, slack }) => {
  const says = SAYS[name];
  if (says === undefined) throw new Error('nobody says anything');

  it('ends with somebody who decides nothing, in Slack, in the console, over HTTP, with a passkey, or by another’s hand', async () => {
    // Is there such a person? No: a list without any, not a fault.
    const wanted = encodeURIComponent(`userName eq "${name.toUpperCase()}@acme.test"`);
    expect((await scim('GET', `/Users?filter=${wanted}`)).body).toMatchObject({ totalResults: 0 });
    const created = await scim('POST', '/Users', says.create);
    expect([created.status, created.body.userName, created.body.active]).toEqual([201, `${name}@acme.test`, true]);
    const { id } = created.body;
    expect((await scim('GET', `/Users?filter=${wanted}`)).body.Resources).toMatchObject([{ id }]);
    expect((await scim('POST', '/Users', says.create)).status).toBe(409);

    const groups = (
      await scim('GET', `/Groups?filter=${encodeURIComponent('displayName eq "Treasury"')}&excludedAttributes=members`)
    ).body.Resources;
    const group = groups[0] ?? (await scim('POST', '/Groups', { displayName: 'treasury', members: [] })).body;
    expect((await scim('PATCH', `/Groups/${group.id}`, says.join(id))).status).toBe(200);
    const members = (await scim('GET', `/Groups/${group.id}`)).body.members as { value: string }[];
    expect(members.filter(({ value }) => value === id)).toHaveLength(1);

    // They decide now.
    const before = await parked();
    expect(before.approval.stages[0].approvers).toContain(person);
    const token = await stack.person(person);
    expect((await decide(before.id, token)).body.status).toBe('released');
    const { authenticator } = await enrol(stack, person, { origin: originOf(stack) });
    const until = new Date(Date.now() + 3_600_000).toISOString();
    const lent = await stack.call('POST', '/v1/delegations', { to: CFO, until }, { token });
    expect(lent.status).toBe(201);

    const session = await sessionOf(person);
    expect(JSON.parse((await fromConsole(session, '/v1/me')).body)).toMatchObject({ id: person });
    const { id: inConsole } = await parked();
    const said = { decision: 'approve', reason: 'as agreed' };
    expect((await fromConsole(session, `/v1/actions/${inConsole}/decisions`, said)).status).toBe(200);

    const like = { decision: 'approve', grant: { until } };
    expect(
      (await stack.call('POST', `/v1/actions/${(await parked('treasury.like')).id}/decisions`, like, { token })).status,
    ).toBe(200);
    expect((await parked('treasury.like')).verdict.basis).toBe('grant');

    // What waits when they leave.
    const open = await parked();
    const passkey = await parked('treasury.signed');
    const yes = { decision: 'approve', reason: 'as agreed' };
    const assertion = await signed(stack, passkey.id, yes, person, authenticator);
    const message = await sandboxDriver(stack.sandbox).messageOf(open.id);

    const left = await scim('PATCH', `/Users/${id}`, says.leave);
    expect([left.status, left.body.active]).toEqual([200, false]);

    // The very next word of theirs, at each door.
    expect((await decide(open.id, token)).status).toBe(401);
    expect((await fromConsole(session, `/v1/actions/${open.id}/decisions`, yes)).status).toBe(401);
    expect((await fromConsole(session, '/v1/me')).status).toBe(401);
    await expect(stack.person(person)).rejects.toMatchObject({ code: 'forbidden' });
    const body = { ...yes, passkey: assertion };
    const headers = { 'countersign-door': 'console' };
    expect((await stack.call('POST', `/v1/actions/${passkey.id}/decisions`, body, { token, headers })).status).toBe(
      401,
    );
    const { control } = stack.sandbox;
    await control.click({ user: slack, channel: message.channel, ts: message.ts, actionId: 'approve' });
    await eventually('Slack says why not', () =>
      control.ephemerals(slack).some(({ text }) => /belongs to nobody/.test(text)) ? true : undefined,
    );
    // What they said yes to for longer has nobody who could be asked about it.
    expect(await parked('treasury.like')).toMatchObject({ code: 'action-refused', status: 403 });
    // Whoever stood in for them does no more.
    expect((await decide(open.id, await stack.person(CFO))).body.code).toBe('not-an-approver');
    // Nor does what a gateway would have attested, had it not looked.
    const attestation = await stack.stack.parts.attestor.attest({
      ...{ kind: 'decide', tenant: 'default', action: open.id, by: person, via: 'api' },
      ...{ decision: 'approve', reason: 'as agreed' },
    });
    const connection = await Connection.connect({ address: stack.stack.temporal.address });
    const { workflow } = new Client({ connection, namespace: stack.stack.temporal.namespace });
    const update = { args: [{ attestation }] as [unknown] };
    await expect(
      workflow.getHandle(`action/default/${open.id.slice(4)}`).executeUpdate('decide', update),
    ).rejects.toBeInstanceOf(WorkflowUpdateFailedError);
    await connection.close();
    for (const action of [open.id, passkey.id]) {
      const now = (await stack.call('GET', `/v1/actions/${action}?wait=1`)).body;
      expect([now.status, now.approval.stages[0].decisions]).toEqual(['supervised', []]);
    }
    // Who comes back signs in anew.
    const back = patch({ op: 'replace', path: 'active', value: true });
    expect((await scim('PATCH', `/Users/${id}`, back)).body.active).toBe(true);
    expect((await fromConsole(session, '/v1/me')).status).toBe(401);
    expect((await fromConsole(await sessionOf(person), '/v1/me')).status).toBe(200);
    expect((await scim('DELETE', `/Users/${id}`)).status).toBe(204);
    expect((await scim('GET', `/Users/${id}`)).status).toBe(404);
    expect((await stack.stack.parts.directory.fresh('default')).person(person)?.active).toBe(false);
  });
});

describe('the directory that a provider keeps', () => {
  it('is sealed: records say who joined and left, and no row of the database does', async () => {
    const { records } = (await stack.call('GET', '/v1/records?type=directory&limit=100')).body;
    const said = (records as Answer['body'][]).map(({ record }) => [
      record.body.what,
      record.body.state,
      record.by.split(':')[0],
    ]);
    expect(said).toEqual(
      expect.arrayContaining([
        ['user', 'kept', 'key'],
        ['group', 'kept', 'key'],
        ['user', 'deleted', 'key'],
      ]),
    );
  });

  it('names managers, also by what a provider calls them', async () => {
    const boss = (await scim('POST', '/Users', { userName: 'boss@new.test', active: true, displayName: 'Boss' })).body;
    const { id } = (
      await scim('POST', '/Users', { userName: 'new@new.test', active: 'true', [ENTERPRISE]: { manager: boss.id } })
    ).body;
    const directory = await stack.stack.parts.directory.fresh('default');
    expect(directory.person('user:new@new.test')).toMatchObject({ manager: 'user:boss@new.test', active: true });
    expect((await scim('PUT', `/Users/${id}`, { userName: 'new@new.test', displayName: 'New' })).body.displayName).toBe(
      'New',
    );
  });

  it('is alarmed of a request that fails, which may have left somebody an approver', async () => {
    const { id } = (await scim('POST', '/Users', { userName: 'odd@new.test', active: true })).body;
    const failed = await scim('PATCH', `/Users/${id}`, patch({ op: 'replace', path: 'active', value: 'perhaps' }));
    expect([failed.status, failed.body.scimType]).toEqual([400, 'invalidValue']);
    expect((await scim('PATCH', '/Users/nobody', patch({ op: 'replace', path: 'active', value: false }))).status).toBe(
      404,
    );
    expect((await scim('GET', '/Users', undefined, 'csp_wrong')).status).toBe(401);
    const codes = await eventually('three alerts', () => {
      const told = alerts.filter(({ type }) => type === 'directory.failed').map(({ data }) => data['code']);
      return ['invalid-request', 'not-found', 'unauthenticated'].every((code) => told.includes(code))
        ? told
        : undefined;
    });
    expect(codes).toContain('conflict');
    const { attempts } = (await stack.call('GET', '/v1/attempts?door=scim')).body;
    expect((attempts as { code: string }[]).map(({ code }) => code)).toEqual(
      expect.arrayContaining(['invalid-request', 'not-found', 'unauthenticated']),
    );
  });

  it('is kept with its own token, which does nothing else, and with no other', async () => {
    expect((await stack.call('GET', '/v1/records', undefined, { token: scimToken })).status).toBe(403);
    expect((await stack.ask(refund(5), { token: scimToken })).status).toBe(403);
    expect((await scim('GET', '/Users', undefined, stack.stack.firstKey ?? '')).status).toBe(403);
    const { tokens } = (await stack.call('GET', '/v1/scim-tokens')).body;
    await stack.call('DELETE', `/v1/scim-tokens/${tokens[0].id}`);
    expect((await scim('GET', '/Users')).status).toBe(401);
  });
});
