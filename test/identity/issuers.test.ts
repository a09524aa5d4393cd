import { exportJWK, generateKeyPair, SignJWT, type JWK, type JWTPayload } from 'jose';
import { beforeAll, describe, expect, it } from 'vitest';
import type { ActionRequest } from '../../src/contract/index.ts';
import {
  createAuthenticator,
  createIssuers,
  Directory,
  identitiesOf,
  mayAsk,
  type Caller,
  type IssuerSettings,
} from '../../src/identity/index.ts';
import { createForge, HOSTILE_TOKENS, type Forge } from '../support/hostile-tokens.ts';

type Pair = Awaited<ReturnType<typeof generateKeyPair>>;
const NOW = Date.parse('2026-11-23T11:00:00Z');
const seconds = Math.floor(NOW / 1000);
const ISSUER = 'https://ci.acme.test';
let pair: Pair;
let stranger: Pair;
let jwk: JWK;
let forge: Forge;

const settings = (more: Partial<IssuerSettings> = {}, map: Partial<IssuerSettings['map']> = {}): IssuerSettings => ({
  ...{ name: 'ci', issuer: ISSUER, audiences: ['countersign'], jwksUri: `${ISSUER}/keys`, algorithms: ['ES256'] },
  ...{ typ: null, requires: {}, maxAgeMs: 3_600_000, skewMs: 30_000, staleMs: 3_600_000 },
  ...more,
  map: {
    ...{ actor: 'agent:ci/{sub}', subject: 'user:{sub}', owner: null, roles: [], groups: [], tenant: 'default' },
    ...{ folder: null, surfaces: ['deploy.*'], provenance: false },
    ...map,
  },
});

/** The issuer's web server: what it answers, and how often it was asked. */
class Web {
  asked: string[] = [];
  up = true;
  keys: JWK[] = [];
  fetch = async (input: string | URL | Request): Promise<Response> => {
    const url = input instanceof Request ? input.url : String(input);
    this.asked.push(url);
    if (!this.up) throw new TypeError('fetch failed');
    if (url.endsWith('/openid-configuration')) return Response.json({ issuer: ISSUER, jwks_uri: `${ISSUER}/found` });
    return Response.json({ keys: this.keys });
  };
}

beforeAll(async () => {
  [pair, stranger] = [await generateKeyPair('ES256'), await generateKeyPair('ES256')];
  jwk = { ...(await exportJWK(pair.publicKey)), kid: 'k1', alg: 'ES256', use: 'sig' };
  forge = createForge({ issuer: ISSUER, seconds, edge: 31, pair, stranger, jwk });
});

const good: JWTPayload = { iss: ISSUER, aud: 'countersign', sub: 'app', iat: seconds - 60, exp: seconds + 300 };
const sign = (claims: object = {}, header: object = {}, key = pair.privateKey): Promise<string> =>
  new SignJWT({ ...good, ...claims }).setProtectedHeader({ alg: 'ES256', kid: 'k1', ...header }).sign(key);

function door(settings_: IssuerSettings[], clock: () => number = () => NOW) {
  const web = new Web();
  web.keys = [jwk];
  const nobody = new Directory([]);
  const authenticate = createAuthenticator({
    apiKeys: { findByHash: () => Promise.resolve(null) },
    directory: { current: () => nobody, fresh: () => Promise.resolve(nobody) },
    attestationKeys: () => [],
    hasTenant: (name) => Promise.resolve(name !== 'evil'),
    issuers: createIssuers(settings_, { fetch: web.fetch, now: clock }),
    now: clock,
  });
  return { web, ask: (token: string): Promise<Caller> => authenticate(`Bearer ${token}`) };
}

describe('a token of a configured issuer', () => {
  it('says who acts, and nothing that the settings do not map', async () => {
    const { ask } = door([settings({}, { roles: { claim: 'roles' }, groups: ['ci'] })]);
    await expect(ask(await sign({ roles: ['deployer', '*'], actors: ['*'], surfaces: ['**'] }))).resolves.toEqual({
      ...{ kind: 'key', id: 'jwt:ci/app', tenant: 'default', surfaces: ['deploy.*'], actors: ['agent:ci/app'] },
      ...{ roles: ['deployer'], groups: ['ci'] },
      token: { chain: ['agent:ci/app'], folder: null, owner: null, bounds: null, txn: null },
    });
  });

  it.each(HOSTILE_TOKENS)('is not believed with %s', async (_, token) => {
    await expect(door([settings()]).ask(await token(forge))).rejects.toMatchObject({ code: 'unauthenticated' });
  });

  it.each<[string, IssuerSettings, object]>([
    ['another type than is asked for', settings({ typ: 'at+jwt' }), {}],
    ['a required claim that differs', settings({ requires: { ref: 'refs/heads/main' } }), { ref: 'refs/heads/main2' }],
    ['a required claim that is missing', settings({ requires: { ref: 'refs/heads/main' } }), {}],
    ['a delegation that is not mapped', settings({}, { subject: null }), { act: { sub: 'bot' } }],
    ['a tenant that does not exist', settings({}, { tenant: { claim: 'tenant' } }), { tenant: 'evil' }],
    ['no tenant', settings({}, { tenant: { claim: 'tenant' } }), {}],
    ['no folder', settings({}, { folder: { claim: 'folder' } }), { folder: 'emea' }],
    ['two claims that could make another’s id', settings({}, { actor: 'agent:{ns}/{sub}' }), { ns: 'a/b', sub: 'c' }],
  ])('is not believed with %s', async (_, it_, claims) => {
    await expect(door([it_]).ask(await sign(claims))).rejects.toMatchObject({ code: 'unauthenticated' });
  });

  it('of one issuer is not checked with the keys of another', async () => {
    const other = settings({ name: 'other', issuer: 'https://other.test', jwksUri: 'https://other.test/keys' });
    const { ask, web } = door([other]);
    await expect(ask(await sign())).rejects.toMatchObject({ code: 'unauthenticated' });
    expect(web.asked).toEqual([]);
  });
});

describe('what a token is for', () => {
  const request = (more: Partial<ActionRequest> = {}): ActionRequest => ({
    ...{ surface: 'deploy.prod', action: 'deploy.start', actor: { id: 'agent:ci/app', type: 'agent' } },
    ...more,
  });
  const jo = { id: 'user:jo', type: 'user' as const };
  const bot = { id: 'agent:ci/bot', type: 'agent' as const };
  const delegated = { sub: 'jo', act: { sub: 'bot' } };
  it.each<[string, object, Partial<ActionRequest>, boolean, Partial<IssuerSettings['map']>?]>([
    ['its actor', {}, {}, true],
    ['another actor', {}, { actor: bot }, false],
    [
      'its actor for somebody whom it does not name',
      {},
      { actor: { id: 'agent:ci/app', type: 'agent', onBehalfOf: jo } },
      false,
    ],
    ['its actor for its subject', delegated, { actor: { ...bot, onBehalfOf: jo } }, true],
    ['its actor alone, who acts for its subject', delegated, { actor: bot }, false],
    ['its subject alone', delegated, { actor: jo }, false],
    ['its actor for another', delegated, { actor: { ...bot, onBehalfOf: { id: 'user:cfo', type: 'user' } } }, false],
    ['its folder', {}, { context: { folder: '/emea' } }, true, { folder: '/emea' }],
    ['a folder below it', {}, { context: { folder: '/emea/support' } }, true, { folder: '/emea' }],
    ['another folder', {}, { context: { folder: '/apac' } }, false, { folder: '/emea' }],
    ['a folder that begins alike', {}, { context: { folder: '/emea2' } }, false, { folder: '/emea' }],
    ['a folder that climbs out', {}, { context: { folder: '/emea/../apac' } }, false, { folder: '/emea' }],
    ['no folder', {}, {}, false, { folder: '/emea' }],
    [
      'what its details allow',
      { authorization_details: [{ type: 'countersign', actions: ['deploy.start'] }] },
      {},
      true,
    ],
    [
      'another action than they allow',
      { authorization_details: [{ type: 'countersign', actions: ['deploy.stop'] }] },
      {},
      false,
    ],
    [
      'another surface than they allow',
      { authorization_details: [{ type: 'countersign', surfaces: ['deploy.test'] }] },
      {},
      false,
    ],
    ['details of another type', { authorization_details: [{ type: 'payment' }] }, {}, true],
  ])('%s', async (_, claims, asked, allowed, map = {}) => {
    const caller = await door([settings({}, map)]).ask(await sign(claims));
    expect(mayAsk(caller, request(asked)) === null).toBe(allowed);
  });

  it('vouches for the roles of its actor, and not of whom that acts for', async () => {
    const caller = await door([settings({}, { roles: ['deployer'] })]).ask(await sign(delegated));
    const known = identitiesOf(caller, request({ actor: { ...bot, onBehalfOf: jo } }), new Directory([]));
    expect(known).toMatchObject([
      { id: bot.id, spokenFor: true, roles: ['deployer'] },
      { id: jo.id, spokenFor: true, standing: 'unverified', roles: [] },
    ]);
  });
});

describe('tokens of documented shapes, by settings alone', () => {
  it.each<[string, Partial<IssuerSettings>, Partial<IssuerSettings['map']>, object, string]>([
    [
      'GitHub Actions',
      { requires: { repository_owner: 'acme', ref: 'refs/heads/main' } },
      { actor: 'agent:github/{repository}' },
      {
        ...{ sub: 'repo:acme/app:ref:refs/heads/main', repository: 'acme/app', repository_owner: 'acme' },
        ...{
          ref: 'refs/heads/main',
          run_id: '1',
          actor: 'octocat',
          job_workflow_ref: 'acme/app/.github/workflows/d.yml@x',
        },
      },
      'agent:github/acme/app',
    ],
    [
      'GitLab CI',
      { requires: { ref_protected: 'true' } },
      { actor: 'agent:gitlab/{project_path}' },
      { sub: 'project_path:acme/app:ref_type:branch:ref:main', project_path: 'acme/app', ref_protected: 'true' },
      'agent:gitlab/acme/app',
    ],
    [
      'Kubernetes',
      {},
      { actor: 'service:k8s/{kubernetes.io/namespace}/{kubernetes.io/serviceaccount/name}' },
      {
        sub: 'system:serviceaccount:prod:deployer',
        'kubernetes.io': { namespace: 'prod', serviceaccount: { name: 'deployer', uid: '1' }, pod: { name: 'p' } },
      },
      'service:k8s/prod/deployer',
    ],
    [
      'SPIFFE',
      {},
      { actor: 'service:{sub}' },
      { sub: 'spiffe://acme.test/ns/prod/sa/api' },
      'service:spiffe://acme.test/ns/prod/sa/api',
    ],
  ])('%s', async (_, more, map, claims, actor) => {
    const caller = await door([settings(more, map)]).ask(await sign(claims));
    expect(caller.actors).toEqual([actor]);
  });
});

describe('the keys of an issuer', () => {
  it('are found by discovery, read once, and read anew for an unknown id, but not for each', async () => {
    let now = NOW;
    const { ask, web } = door([settings({ jwksUri: null })], () => now);
    const token = await sign();
    await Promise.all([ask(token), ask(token), ask(token)]);
    expect(web.asked).toEqual([`${ISSUER}/.well-known/openid-configuration`, `${ISSUER}/found`]);
    const unknown = await sign({}, { kid: 'k9' }, stranger.privateKey);
    for (let i = 0; i < 20; i += 1) await expect(ask(unknown)).rejects.toMatchObject({ code: 'unauthenticated' });
    expect(web.asked).toHaveLength(2);
    now += 11_000;
    web.keys = [jwk, { ...(await exportJWK(stranger.publicKey)), kid: 'k9', alg: 'ES256' }];
    await expect(ask(unknown)).resolves.toMatchObject({ id: 'jwt:ci/app' });
    expect(web.asked).toHaveLength(4);
  });

  it('serve for the stated time while the issuer is down, then nobody is let in, then they recover', async () => {
    let now = NOW;
    const { ask, web } = door([settings({ staleMs: 30 * 60_000 })], () => now);
    const at = async (minutes: number): Promise<string> => {
      now = NOW + minutes * 60_000;
      return sign({ iat: Math.floor(now / 1000), exp: Math.floor(now / 1000) + 300 });
    };
    await expect(ask(await at(0))).resolves.toBeDefined();
    web.up = false;
    for (const minutes of [5, 15, 25, 29]) await expect(ask(await at(minutes)), `${minutes}`).resolves.toBeDefined();
    for (const minutes of [31, 40]) await expect(ask(await at(minutes))).rejects.toMatchObject({ code: 'unavailable' });
    web.up = true;
    await expect(ask(await at(41))).resolves.toBeDefined();
  });
});
