/** Security events of an identity provider: whoever they are about decides nothing until they proved anew who they are. */
import { randomUUID } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, Connection, WorkflowUpdateFailedError } from '@temporalio/client';
import { exportJWK, generateKeyPair, SignJWT, UnsecuredJWT, type CryptoKey } from 'jose';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { freePort } from '../../src/store/index.ts';
import { eventually } from '../support/eventually.ts';
import { follow, startProvider, type TestProvider } from '../support/provider.ts';
import { CFO, LEAD, refund, startTestStack, type Answer, type TestStack } from '../support/stack.ts';

const CAEP = 'https://schemas.openid.net/secevent/caep/event-type/';
let stack: TestStack;
let provider: TestProvider;
let web: Server;
let transmitter: string;
let folder: string;
let key: CryptoKey;
const alerts: { type: string; data: Record<string, unknown> }[] = [];

beforeAll(async () => {
  const pair = await generateKeyPair('ES256');
  key = pair.privateKey;
  const jwk = { ...(await exportJWK(pair.publicKey)), kid: 'k1', alg: 'ES256' };
  web = createServer((request, response) => {
    let text = '';
    request
      .on('data', (chunk: Buffer) => (text += chunk.toString()))
      .on('end', () => {
        if (request.method === 'POST') alerts.push(JSON.parse(text) as (typeof alerts)[number]);
        response.setHeader('content-type', 'application/json').end(JSON.stringify({ keys: [jwk] }));
      });
  });
  await new Promise<void>((resolve) => web.listen(0, '127.0.0.1', resolve));
  transmitter = `http://127.0.0.1:${(web.address() as AddressInfo).port}`;
  const port = await freePort();
  provider = await startProvider(`http://127.0.0.1:${port}/sign-in/callback`);
  folder = mkdtempSync(join(tmpdir(), 'countersign-signals-'));
  const signIn = {
    name: 'test',
    issuer: provider.issuer,
    clientId: 'countersign',
    clientSecret: 'a-secret-of-the-test',
    person: 'user:{email}',
  };
  const signals = {
    name: 'caep',
    issuer: transmitter,
    audience: 'countersign',
    jwksUri: `${transmitter}/keys`,
    algorithms: ['ES256'],
    person: 'user:{email}',
  };
  writeFileSync(join(folder, 'issuers.yaml'), JSON.stringify({ signIn: [signIn], signals: [signals] }));
  const hook = { name: 'pager', url: `${transmitter}/hook`, events: ['person.stopped'] };
  writeFileSync(join(folder, 'webhooks.yaml'), JSON.stringify({ webhooks: [hook] }));
  stack = await startTestStack({
    COUNTERSIGN_PORT: String(port),
    COUNTERSIGN_ISSUERS: join(folder, 'issuers.yaml'),
    COUNTERSIGN_WEBHOOKS: join(folder, 'webhooks.yaml'),
  });
});
afterAll(async () => {
  await stack.stop();
  await provider.stop();
  web.close();
  rmSync(folder, { recursive: true });
});

const claimsOf = (event: string, person: string): object => ({
  jti: randomUUID(),
  sub_id: { format: 'email', email: person.replace('user:', '') },
  events: { [`${CAEP}${event}`]: { event_timestamp: Math.floor(Date.now() / 1000) } },
});
const sign = (claims: object, header: object = {}, by = key): Promise<string> =>
  new SignJWT({ iss: transmitter, aud: 'countersign', iat: Math.floor(Date.now() / 1000), ...claims })
    .setProtectedHeader({ alg: 'ES256', kid: 'k1', typ: 'secevent+jwt', ...header })
    .sign(by);
async function push(token: string, type = 'application/secevent+jwt'): Promise<{ status: number; body: string }> {
  const response = await fetch(`${stack.url}/signals/caep`, {
    method: 'POST',
    headers: { 'content-type': type },
    body: token,
  });
  return { status: response.status, body: await response.text() };
}
async function signIn(person: string, query = ''): Promise<string> {
  provider.as(person.replace('user:', ''));
  const jar = new Map<string, string>();
  await follow(`${stack.url}/sign-in${query}`, jar);
  return jar.get('__Host-countersign') ?? '';
}
const yes = { decision: 'approve', reason: 'as agreed' };
const decide = (id: string, token: string): Promise<Answer> =>
  stack.call('POST', `/v1/actions/${id}/decisions`, yes, { token });
const REQUESTER = 'user:requester@acme.test';
const parked = async (actor: object = {}): Promise<string> =>
  (await stack.ask(refund(450, { actor: { id: 'agent:support-bot', type: 'agent', ...actor } }))).body.id;

it('an event that is none, or not of the transmitter, stops nobody', async () => {
  const good = claimsOf('session-revoked', LEAD);
  const stranger = (await generateKeyPair('ES256')).privateKey;
  const hostile: [string, Promise<string> | string][] = [
    ['nothing', 'x'],
    ['no signature', new UnsecuredJWT({ iss: transmitter, aud: 'countersign', ...good }).encode()],
    ['a stranger’s key', sign(good, {}, stranger)],
    ['another audience', sign({ ...good, aud: 'other' })],
    ['another issuer', sign({ ...good, iss: 'https://evil.test' })],
    ['another type', sign(good, { typ: 'JWT' })],
    ['no id', sign({ ...good, jti: undefined })],
    ['no events', sign({ ...good, events: undefined })],
    ['a key in the header', sign(good, { jwk: { kty: 'EC' } })],
    ['issued ahead', sign({ ...good, iat: Math.floor(Date.now() / 1000) + 3600 })],
  ];
  for (const [what, token] of hostile) expect([what, (await push(await token)).status]).toEqual([what, 400]);
  expect((await push(await sign(good), 'application/json')).status).toBe(400);
  expect((await stack.stack.parts.directory.fresh('default')).stopped(LEAD)).toBe(false);
});

it.each(['session-revoked', 'credential-change', 'assurance-level-change'])(
  '%s stops its person, until they proved anew who they are',
  async (event) => {
    const session = await signIn(LEAD);
    const local = await stack.person(LEAD);
    const released = await parked({ onBehalfOf: { id: REQUESTER, type: 'user' } });
    expect((await decide(released, session)).body.status).toBe('released');
    const both = await parked();
    const { permit } = (await stack.call('GET', `/v1/actions/${released}`)).body;

    const token = await sign(claimsOf(event, LEAD));
    expect((await push(token)).status).toBe(202);
    expect((await push(token)).status).toBe(202);

    expect((await decide(both, session)).status).toBe(401);
    expect((await decide(both, local)).status).toBe(401);
    // Nor does what a gateway would have attested, had it not looked.
    const said = { kind: 'decide', tenant: 'default', action: both, by: LEAD, via: 'api' } as const;
    const attestation = await stack.stack.parts.attestor.attest({ ...said, decision: 'approve', reason: 'as agreed' });
    const connection = await Connection.connect({ address: stack.stack.temporal.address });
    const handle = new Client({ connection, namespace: stack.stack.temporal.namespace }).workflow.getHandle(
      `action/default/${both.slice(4)}`,
    );
    const update = { args: [{ attestation }] as [unknown] };
    await expect(handle.executeUpdate('decide', update)).rejects.toBeInstanceOf(WorkflowUpdateFailedError);
    await connection.close();
    // What they approved alone is frozen, for a fresh permit too; and whoever watches is told which.
    expect((await stack.call('POST', '/v1/permits/redeem', { permit })).body.code).toBe('frozen');
    expect((await stack.call('POST', `/v1/actions/${released}/permit`)).body.code).toBe('frozen');
    const told = await eventually('the alert', () =>
      alerts.find(
        ({ type, data }) => type === 'person.stopped' && (data['actions'] as string[] | undefined)?.includes(released),
      ),
    );
    expect(told.data).toMatchObject({ person: LEAD, event });
    // Whose it is hears of it in Slack.
    const { control } = stack.sandbox;
    const user = stack.stack.parts.directory.current('default').person(REQUESTER)?.slack?.user ?? '';
    await eventually('the notice', () =>
      control
        .messages(control.im(user).id)
        .find(
          ({ text, blocks }) => text.startsWith('Frozen: ') && JSON.stringify(blocks).includes(released.slice(0, 12)),
        ),
    );
    // Somebody else's word still counts.
    expect((await decide(both, await stack.person(CFO))).body.status).toBe('released');

    const again = await parked();
    expect((await decide(again, await signIn(LEAD, '?max_age=0'))).body.status).toBe('released');
    expect((await stack.call('POST', '/v1/permits/redeem', { permit })).body.code).toBe('frozen');
  },
);

it('an event about nobody of the directory is alarmed', async () => {
  expect((await push(await sign(claimsOf('session-revoked', 'user:stranger@acme.test')))).status).toBe(202);
  await eventually('the alert', () => alerts.find(({ data }) => data['person'] === null));
});
