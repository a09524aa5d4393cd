/** Callers with tokens of the owner's issuer, on a whole stack. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { refund, startTestStack, type TestStack } from '../support/stack.ts';

let it_: TestStack;
let web: Server;
let issuer: string;
let folder: string;
const pair = generateKeyPair('ES256');

beforeAll(async () => {
  const jwk = { ...(await exportJWK((await pair).publicKey)), kid: 'k1', alg: 'ES256' };
  web = createServer((request, response) => {
    response.setHeader('content-type', 'application/json');
    const keys = request.url === '/keys' ? { keys: [jwk] } : { issuer, jwks_uri: `${issuer}/keys` };
    response.end(JSON.stringify(keys));
  });
  await new Promise<void>((resolve) => web.listen(0, '127.0.0.1', resolve));
  issuer = `http://127.0.0.1:${(web.address() as AddressInfo).port}`;
  folder = mkdtempSync(join(tmpdir(), 'countersign-issuers-'));
  const file = join(folder, 'issuers.yaml');
  writeFileSync(
    file,
    `issuers:
  - name: ci
    issuer: ${issuer}
    audience: countersign
    algorithms: [ES256]
    map: { actor: 'agent:ci/{sub}', subject: 'user:{sub}', roles: [deployer], folder: { claim: folder }, surfaces: ['payments.*'] }
`,
  );
  it_ = await startTestStack({ COUNTERSIGN_ISSUERS: file });
});
afterAll(async () => {
  await it_.stop();
  web.close();
  rmSync(folder, { recursive: true });
});

const tokenOf = async (claims: object = {}): Promise<string> =>
  new SignJWT({ sub: 'app', folder: '/emea', ...claims })
    .setProtectedHeader({ alg: 'ES256', kid: 'k1' })
    .setIssuer(issuer)
    .setAudience('countersign')
    .setIssuedAt()
    .setExpirationTime('5m')
    .sign((await pair).privateKey);
const asked = (amount: number, actor: object, more: object = {}): object =>
  refund(amount, { actor, context: { folder: '/emea/support' }, ...more });
const app = { id: 'agent:ci/app', type: 'agent' };

it('asks as its actor, in its folder, on its surfaces, and gets the permit', async () => {
  const token = await tokenOf({ txn: 'txn-7f3a' });
  const own = await it_.ask(asked(5, app), { token });
  expect(own.body).toMatchObject({ status: 'released', permit: expect.any(String) });
  const record = (await it_.call('GET', `/v1/records?action=${own.body.id}&type=verdict`)).body.records[0].record;
  expect(record.facts.txn).toBe('txn-7f3a');
  expect(record.facts.identities).toMatchObject([{ id: app.id, spokenFor: true, roles: ['deployer'] }]);
  const redeemed = await it_.call('POST', '/v1/permits/redeem', { permit: own.body.permit }, { token });
  expect(redeemed.status).toBe(200);
});

it('asks for nothing else, at no door', async () => {
  const token = await tokenOf();
  const attempts = [
    asked(5, { id: 'agent:ci/other', type: 'agent' }),
    asked(5, { ...app, onBehalfOf: { id: 'user:cfo@acme.test', type: 'user' } }),
    asked(5, app, { context: { folder: '/apac' } }),
    asked(5, app, { context: {} }),
  ];
  for (const body of attempts) {
    const answer = await it_.ask(body, { token });
    expect(answer.body.action.verdict, JSON.stringify(body)).toMatchObject({ decision: 'refuse', basis: 'unclear' });
    const whatIf = await it_.call('POST', '/v1/evaluate', body, { token });
    expect(whatIf.body.verdict).toMatchObject({ decision: 'refuse', basis: 'unclear' });
  }
  expect((await it_.ask(asked(5, app, { surface: 'deploy.prod' }), { token })).body.code).toBe('forbidden');
  for (const [method, path, body] of [
    ['GET', '/v1/api-keys', undefined],
    ['POST', '/v1/api-keys', { surfaces: ['**'], actors: ['agent:a'] }],
    ['POST', '/v1/tenants', { name: 'mine' }],
    ['POST', '/v1/freezes', { scope: 'tenant', reason: 'mine' }],
  ] as const) {
    expect((await it_.call(method, path, body, { token })).status, path).toBe(403);
  }
  const parked = await it_.ask(asked(500, app), { token });
  expect(parked.status).toBe(202);
  const decided = await it_.call('POST', `/v1/actions/${parked.body.id}/decisions`, { decision: 'approve' }, { token });
  expect(decided.status).toBe(403);
});

it('acts for the person whom the issuer says, who is excluded then', async () => {
  const token = await tokenOf({ sub: 'finance-lead@acme.test', act: { sub: 'app' } });
  const behind = { ...app, onBehalfOf: { id: 'user:finance-lead@acme.test', type: 'user' } };
  const { body } = await it_.ask(asked(500, behind), { token });
  expect(body.approval.stages[0].approvers).toEqual(['user:cfo@acme.test']);
  expect((await it_.ask(asked(500, app), { token })).body.action.verdict.basis).toBe('unclear');
});
