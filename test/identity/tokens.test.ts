import { SignJWT, generateKeyPair } from 'jose';
import { describe, expect, it } from 'vitest';
import type { ActionRequest, Actor } from '../../src/contract/index.ts';
import {
  Directory,
  createApiKey,
  createAttestor,
  createAuthenticator,
  issuePersonToken,
  mayAsk,
  parseDirectory,
  trustedKeys,
  verifyAttestation,
  type ApiKeyEntry,
  type AttestationInput,
  type Caller,
} from '../../src/identity/index.ts';
import { testSigner } from './signer.ts';
import { untyped } from '../support/untyped.ts';

const NOW = Date.parse('2026-11-21T10:00:00Z');
const HOUR = 3_600_000;
const signer = testSigner('att-1');
const keys = [signer.publicJwk];
const trusted = trustedKeys(() => keys);

const { directory } = parseDirectory(
  'd.yaml',
  `people:
  - { id: "user:lead@acme.test", name: Lee, roles: [approver], groups: [finance] }
  - { id: "user:gone@acme.test", name: Gus, active: false }
`,
);
if (directory === null) throw new Error('no directory');

function world(entries: ApiKeyEntry[] = [], now = NOW, people: Directory = directory as Directory) {
  return createAuthenticator({
    apiKeys: { findByHash: (hash) => Promise.resolve(entries.find((entry) => entry.hash === hash) ?? null) },
    directory: { current: () => people, fresh: () => Promise.resolve(people) },
    attestationKeys: () => keys,
    hasTenant: (name) => Promise.resolve(name !== 'evil'),
    now: () => now,
  });
}

const tokenFor = (person: string, now = NOW): Promise<string> =>
  issuePersonToken(signer, { person, tenant: 'default', directory, now });

describe('API keys', () => {
  it('authenticates the key and only the key', async () => {
    const { key, entry } = createApiKey({
      tenant: 'acme',
      surfaces: ['payments.*'],
      actors: ['agent:bot'],
      roles: ['r'],
    });
    expect(key).toMatch(/^csk_[0-9a-f]{12}_[A-Za-z0-9_-]{43}$/);
    expect(JSON.stringify(entry)).not.toContain(key.slice(17));
    const authenticate = world([entry]);
    const caller = {
      kind: 'key',
      id: `key:${entry.id}`,
      tenant: 'acme',
      surfaces: ['payments.*'],
      actors: ['agent:bot'],
      roles: ['r'],
      groups: [],
    };
    await expect(authenticate(`Bearer ${key}`)).resolves.toEqual(caller);
    await expect(authenticate(key)).resolves.toEqual(caller);
    for (const wrong of [`${key}x`, key.slice(0, -1), entry.hash, entry.id, `Bearer ${key} ${key}`, `Basic ${key}`]) {
      await expect(authenticate(wrong)).rejects.toMatchObject({ code: 'unauthenticated' });
    }
  });

  it('takes a given key of any shape, even of a token’s', async () => {
    for (const given of ['a-long-enough-secret-of-32-letters', 'aaaaaaaaaaaa.bbbbbbbbbbbb.cccccccccccc']) {
      const { key, entry } = createApiKey({}, given);
      expect(key).toBe(given);
      await expect(world([entry])(`bearer ${given}`)).resolves.toMatchObject({
        kind: 'key',
        actors: ['*'],
        surfaces: ['**'],
      });
    }
  });

  it.each(['', 'short', 'with a space in it'])('refuses the given key %j', (given) => {
    expect(() => createApiKey({}, given)).toThrow(expect.objectContaining({ code: 'configuration' }));
  });

  it.each([undefined, '', 'Bearer ', 'Bearer', 'x'.repeat(9000), 'a.b.c'])('refuses %j', async (presented) => {
    await expect(world()(presented)).rejects.toMatchObject({ code: 'unauthenticated' });
  });
});

describe('person tokens', () => {
  it('stand for the person, as themself, for an hour', async () => {
    const token = await tokenFor('user:lead@acme.test');
    await expect(world()(`Bearer ${token}`)).resolves.toEqual({
      kind: 'person',
      id: 'user:lead@acme.test',
      tenant: 'default',
      surfaces: ['**'],
      actors: ['user:lead@acme.test'],
      roles: ['approver'],
      groups: ['finance'],
    });
    await expect(world([], NOW + HOUR - 1000)(token)).resolves.toMatchObject({ id: 'user:lead@acme.test' });
    await expect(world([], NOW + HOUR + 6000)(token)).rejects.toMatchObject({ code: 'unauthenticated' });
    await expect(world([], NOW - 60_000)(token)).rejects.toMatchObject({ code: 'unauthenticated' });
  });

  it('are not made for a stranger or for somebody who left', async () => {
    await expect(tokenFor('user:nobody@acme.test')).rejects.toMatchObject({ code: 'not-found' });
    await expect(tokenFor('user:gone@acme.test')).rejects.toMatchObject({ code: 'forbidden' });
  });

  it('stop counting when the person leaves', async () => {
    const token = await tokenFor('user:lead@acme.test');
    const lead = directory.person('user:lead@acme.test');
    if (lead === null) throw new Error('no lead');
    await expect(world([], NOW, new Directory([{ ...lead, active: false }]))(token)).rejects.toMatchObject({
      code: 'unauthenticated',
    });
    await expect(world([], NOW, new Directory([]))(token)).rejects.toMatchObject({ code: 'unauthenticated' });
  });

  const seconds = Math.floor(NOW / 1000);
  const good = {
    aud: 'countersign',
    sub: 'user:lead@acme.test',
    tenant: 'default',
    iat: seconds,
    exp: seconds + 3600,
    jti: 'j',
  };
  it.each<[string, Record<string, unknown>, string]>([
    ['another type', good, 'attestation+jwt'],
    ['another audience', { ...good, aud: 'countersign:engine' }, 'person+jwt'],
    ['a longer life', { ...good, exp: seconds + 7200 }, 'person+jwt'],
    ['no end', { ...good, exp: undefined }, 'person+jwt'],
    ['no tenant', { ...good, tenant: undefined }, 'person+jwt'],
    ['no person', { ...good, sub: undefined }, 'person+jwt'],
  ])('are refused with %s', async (_, claims, typ) => {
    await expect(world()(await signed(claims, typ))).rejects.toMatchObject({ code: 'unauthenticated' });
    await expect(world()(await signed(good, 'person+jwt'))).resolves.toMatchObject({ kind: 'person' });
  });

  it('are refused when another key, another algorithm or an edit made them', async () => {
    const token = await tokenFor('user:lead@acme.test');
    const [head = '', body = '', signature = ''] = token.split('.');
    const forged = await issuePersonToken(testSigner('att-1'), {
      person: 'user:lead@acme.test',
      tenant: 'default',
      directory,
      now: NOW,
    });
    const other = await issuePersonToken(testSigner('att-9'), {
      person: 'user:lead@acme.test',
      tenant: 'default',
      directory,
      now: NOW,
    });
    const edited = Buffer.from(JSON.stringify({ ...good, sub: 'user:gone@acme.test' })).toString('base64url');
    const none = Buffer.from(JSON.stringify({ alg: 'none', typ: 'person+jwt' })).toString('base64url');
    const { privateKey } = await generateKeyPair('ES256');
    const es256 = await new SignJWT(good)
      .setProtectedHeader({ alg: 'ES256', typ: 'person+jwt', kid: 'att-1' })
      .sign(privateKey);
    for (const bad of [
      forged,
      other,
      es256,
      `${head}.${edited}.${signature}`,
      `${none}.${body}.`,
      `${head}.${body}.`,
    ]) {
      await expect(world()(bad)).rejects.toMatchObject({ code: 'unauthenticated' });
    }
  });
});

async function signed(claims: object, typ: string): Promise<string> {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const input = `${part({ alg: 'EdDSA', typ, kid: 'att-1' })}.${part(claims)}`;
  return `${input}.${Buffer.from(await signer.sign(new TextEncoder().encode(input))).toString('base64url')}`;
}

describe('mayAsk', () => {
  const key: Caller = {
    kind: 'key',
    id: 'key:1',
    tenant: 'default',
    surfaces: ['payments.*'],
    actors: ['agent:bot'],
    roles: [],
    groups: [],
  };
  const first: Caller = { ...key, surfaces: ['**'], actors: ['*'] };
  const person: Caller = { ...first, kind: 'person', id: 'user:lead@acme.test', actors: ['user:lead@acme.test'] };
  const bot: Actor = { id: 'agent:bot', type: 'agent' };
  const lead: Actor = { id: 'user:lead@acme.test', type: 'user' };
  const request = (actor: Actor, surface = 'payments.refund'): ActionRequest => ({ surface, action: 'a', actor });
  it.each<[string, Caller, ActionRequest, 'surface' | 'actor' | null]>([
    ['a key, its actor, its surface', key, request(bot), null],
    ['a key on another surface', key, request(bot, 'deploy.prod'), 'surface'],
    ['a key on a deeper surface', key, request(bot, 'payments.refund.bulk'), 'surface'],
    ['a key for another actor', key, request({ ...bot, id: 'agent:bot2' }), 'actor'],
    ['the first key for any actor', first, request({ ...bot, id: 'agent:bot2' }, 'deploy.prod'), null],
    ['a key for an agent behind which a person stands', key, request({ ...bot, onBehalfOf: lead }), null],
    ['a person as themself', person, request(lead), null],
    [
      'a person with their own role and group',
      person,
      request({ ...lead, roles: ['approver'], groups: ['finance'] }),
      null,
    ],
    ['a person as another', person, request({ id: 'user:gone@acme.test', type: 'user' }), 'actor'],
    ['a person as an agent', person, request(bot), 'actor'],
    ['a person under their id but as a service', person, request({ ...lead, type: 'service' }), 'actor'],
    [
      'a person for another',
      person,
      request({ ...lead, onBehalfOf: { id: 'user:x@acme.test', type: 'user' } }),
      'actor',
    ],
    ['a role that the person does not have', first, request({ ...lead, roles: ['cfo'] }), 'actor'],
    [
      'a group that the person is not in',
      first,
      request({ ...bot, onBehalfOf: { ...lead, groups: ['board'] } }),
      'actor',
    ],
    [
      'an agent for somebody who left',
      first,
      request({ ...bot, onBehalfOf: { id: 'user:gone@acme.test', type: 'user' } }),
      'actor',
    ],
    ['an agent under a person’s prefix', first, request({ id: 'user:other@acme.test', type: 'agent' }), 'actor'],
    ['roles of an agent, which only its key knows', first, request({ ...bot, roles: ['support'] }), null],
  ])('%s', (_, caller, asked, want) => {
    expect(mayAsk(caller, asked, { directory, now: NOW })?.kind ?? null).toBe(want);
  });
});

describe('attestations', () => {
  const decide: AttestationInput = {
    kind: 'decide',
    tenant: 'default',
    action: 'act_1',
    by: 'user:lead@acme.test',
    via: 'slack',
    decision: 'approve',
    stage: 0,
    reason: 'fine',
    changes: { 'params.amount': 10 },
    slack: { workspace: 'T1', user: 'U1', channel: 'C1', message: '1.2' },
    shown: { hash: 'sha256:00', renderer: '1' },
  };
  const attestor = createAttestor(signer, () => NOW);
  const expected = { kind: 'decide', tenant: 'default', action: 'act_1' } as const;

  it('say what was attested, nothing left out', async () => {
    const claims = await verifyAttestation(await attestor.attest(decide), trusted, NOW, expected);
    expect(claims).toMatchObject({
      ...decide,
      until: null,
      delegation: null,
      responsibility: null,
      requestHash: null,
      assurance: null,
    });
    expect(claims.exp - claims.iat).toBe(900);
  });

  it('of a start carry the caller, for minutes', async () => {
    const caller: Caller = {
      kind: 'key',
      id: 'key:1',
      tenant: 'default',
      surfaces: ['**'],
      actors: ['*'],
      roles: [],
      groups: [],
    };
    const jws = await attestor.attest({
      kind: 'start',
      tenant: 'default',
      action: 'act_1',
      by: 'key:1',
      via: 'api',
      requestHash: 'sha256:1',
      caller,
    });
    const want = { kind: 'start', tenant: 'default', action: 'act_1' } as const;
    await expect(verifyAttestation(jws, trusted, NOW + 14 * 60_000, want)).resolves.toMatchObject({
      requestHash: 'sha256:1',
      caller,
    });
    await expect(verifyAttestation(jws, trusted, NOW + 16 * 60_000, want)).rejects.toMatchObject({
      code: 'unauthenticated',
    });
  });

  it.each<[string, { kind: 'decide' | 'cancel'; tenant: string; action: string }]>([
    ['action', { ...expected, action: 'act_2' }],
    ['tenant', { ...expected, tenant: 'other' }],
    ['kind', { ...expected, kind: 'cancel' }],
  ])('count for no other %s', async (_, other) => {
    await expect(verifyAttestation(await attestor.attest(decide), trusted, NOW, other)).rejects.toMatchObject({
      code: 'forbidden',
    });
  });

  it('are refused when forged, late, early, edited, of another type or malformed', async () => {
    const jws = await attestor.attest(decide);
    const [head = '', body = '', signature = ''] = jws.split('.');
    const claims = JSON.parse(Buffer.from(body, 'base64url').toString()) as Record<string, unknown>;
    const edited = Buffer.from(JSON.stringify({ ...claims, by: 'user:cfo@acme.test' })).toString('base64url');
    const bad: [string, number][] = [
      [await createAttestor(testSigner('att-1'), () => NOW).attest(decide), NOW],
      [jws, NOW + 20 * 60_000],
      [jws, NOW - 60_000],
      [`${head}.${edited}.${signature}`, NOW],
      [await signed(claims, 'person+jwt'), NOW],
      [await signed({ ...claims, extra: true }, 'attestation+jwt'), NOW],
      [await signed({ ...claims, decision: 'allow' }, 'attestation+jwt'), NOW],
      [await tokenFor('user:lead@acme.test'), NOW],
      ['', NOW],
      ['a.b.c', NOW],
    ];
    for (const [token, now] of bad) {
      await expect(verifyAttestation(token, trusted, now, expected)).rejects.toMatchObject({ code: 'unauthenticated' });
    }
    await expect(
      verifyAttestation(await signed(claims, 'attestation+jwt'), trusted, NOW, expected),
    ).resolves.toBeDefined();
  });

  it('are checked by whoever made them as by anybody else', async () => {
    let current: object[] = keys;
    const own = createAttestor(
      signer,
      () => NOW,
      () => current,
    );
    const jws = await own.attest(decide);
    await expect(own.verify(jws, NOW, expected)).resolves.toEqual(await verifyAttestation(jws, trusted, NOW, expected));
    await expect(own.verify(await attestor.attest(decide), NOW, expected)).resolves.toMatchObject({ by: decide.by });
    const refused = (code: string) => expect.objectContaining({ code });
    await expect(own.verify(jws, NOW, { ...expected, action: 'act_2' })).rejects.toEqual(refused('forbidden'));
    await expect(own.verify(jws, NOW + 20 * 60_000, expected)).rejects.toEqual(refused('unauthenticated'));
    current = [testSigner('att-2').publicJwk];
    await expect(own.verify(jws, NOW, expected)).rejects.toEqual(refused('unauthenticated'));
    await expect(attestor.verify(jws, NOW, expected)).rejects.toEqual(refused('unauthenticated'));
  });

  it('are not made of malformed claims', async () => {
    const malformed = untyped<AttestationInput>({ ...decide, decision: 'allow' });
    await expect(attestor.attest(malformed)).rejects.toMatchObject({ code: 'internal' });
  });

  it('outlive a rotation of the key', async () => {
    const jws = await attestor.attest(decide);
    const rotated = [testSigner('att-2').publicJwk, signer.publicJwk];
    await expect(
      verifyAttestation(
        jws,
        trustedKeys(() => rotated),
        NOW,
        expected,
      ),
    ).resolves.toMatchObject({ by: 'user:lead@acme.test' });
    await expect(
      verifyAttestation(
        jws,
        trustedKeys(() => [testSigner('att-2').publicJwk]),
        NOW,
        expected,
      ),
    ).rejects.toMatchObject({
      code: 'unauthenticated',
    });
  });
});
