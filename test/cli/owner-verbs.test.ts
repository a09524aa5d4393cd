/** Everything that an owner does by the API has a verb, and a verb that is repeated changes nothing. */
import { Command } from 'commander';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openApiDocument } from '../../src/api/openapi.ts';
import { createIo } from '../../src/cli/io.ts';
import { VERBS } from '../../src/cli/main.ts';
import { actionOf, countersign, testServer, type TestServer } from './harness.ts';

/** The operations of owners, by the verb that does each. */
const OWNERS: Record<string, string[]> = {
  'api-key create': ['postApiKeys'],
  'api-key list': ['getApiKeys'],
  'api-key revoke': ['deleteApiKey'],
  'read-token create': ['postReadTokens'],
  'read-token list': ['getReadTokens'],
  'read-token revoke': ['deleteReadToken'],
  'scim-token create': ['postScimTokens'],
  'scim-token list': ['getScimTokens'],
  'scim-token revoke': ['deleteScimToken'],
  'tenant add': ['postTenants'],
  'tenant list': ['getTenants'],
  'keys list': ['getSigningKeys'],
  'keys rotate': ['postSigningKeys'],
  'keys revoke': ['postSigningKeyRevoke'],
  freeze: ['postFreezes', 'getFreezes', 'deleteFreeze'],
  'delegation give': ['postDelegations'],
  'delegation list': ['getDelegations'],
  'delegation revoke': ['deleteDelegation'],
  'drill plant': ['postDrills'],
  'drill report': ['getDrills'],
  'policy publish': ['postPolicies'],
  'policy suggest': ['postPoliciesSuggest'],
  'policy backtest': ['postPoliciesBacktest'],
  'policy history': ['getPolicies'],
  export: ['getPolicy'],
  evaluate: ['postEvaluate'],
  erase: ['postActionErase'],
  reconcile: ['postActionReconcile'],
  'projection check': ['getProjection'],
  'projection rebuild': ['postProjectionRebuild'],
  surfaces: ['getSurfaces'],
  attempts: ['getAttempts'],
};

const commands = new Set<string>();
beforeAll(async () => {
  const io = createIo({ writeOut() {}, writeErr() {}, readIn: () => Promise.resolve(''), env: {} });
  const program = new Command();
  for (const { load } of VERBS) (await load()).register(program, io);
  for (const command of program.commands) {
    commands.add(command.name());
    for (const below of command.commands) commands.add(`${command.name()} ${below.name()}`);
  }
});

it('each operation of an owner has a verb', () => {
  const operations = Object.values(openApiDocument().paths ?? {}).flatMap((path) =>
    Object.values(path as Record<string, { operationId?: string }>).flatMap(({ operationId }) => operationId ?? []),
  );
  const listed = Object.values(OWNERS).flat();
  expect(listed.filter((one) => !operations.includes(one))).toEqual([]);
  const ofOwners = operations.filter((one) =>
    /ApiKey|ReadToken|ScimToken|Tenant|SigningKey|Freeze|Delegation|Drill|Polic(y|ies)|Erase|Reconcile|Projection|Surfaces|Attempts/.test(
      one,
    ),
  );
  expect(ofOwners.filter((one) => !listed.includes(one))).toEqual([]);
});

it.each(Object.keys(OWNERS))('countersign %s', (verb) => {
  expect([...commands]).toContain(verb);
});

describe('a verb that is repeated', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await testServer();
  });
  afterAll(() => server.close());

  const AT = '2026-11-01T00:00:00.000Z';
  const RECORD = `sha256:${'0'.repeat(64)}`;
  const LATER = '2999-01-01T00:00:00.000Z';
  const key = { id: 'k1', surfaces: ['a.*', 'b'], actors: ['agent:a'], roles: [], groups: [], createdAt: AT };
  const token = { id: 't1', for: 'auditors', expiresAt: LATER, revokedAt: null };
  const freeze = {
    id: 'frz_1',
    scope: 'surface',
    value: 'a.b',
    reason: 'fraud',
    by: 'key:root',
    at: AT,
    record: RECORD,
  };
  const given = { id: 'dlg_1', from: 'user:a', to: 'user:b', surfaces: ['**'], until: LATER };

  const repeated: [args: string[], path: string, answer: object][] = [
    [
      ['tenant', 'add', 'acme', '--if-absent'],
      '/v1/tenants',
      { tenants: [{ name: 'acme', createdAt: AT, record: RECORD }] },
    ],
    [
      ['api-key', 'create', '--surface', 'b', '--surface', 'a.*', '--actor', 'agent:a', '--if-absent'],
      '/v1/api-keys',
      { keys: [{ ...key, revokedAt: null }] },
    ],
    [['read-token', 'create', '--for', 'auditors', '--if-absent'], '/v1/read-tokens', { tokens: [token] }],
    [['scim-token', 'create', '--for', 'auditors', '--if-absent'], '/v1/scim-tokens', { tokens: [token] }],
    [['freeze', '--surface', 'a.b', '--reason', 'fraud', '--if-absent'], '/v1/freezes', { freezes: [freeze] }],
    [
      ['delegation', 'give', '--to', 'user:b', '--until', LATER, '--if-absent'],
      '/v1/delegations',
      { delegations: [given] },
    ],
    [['delegation', 'revoke', 'dlg_0'], '/v1/delegations', { delegations: [given] }],
    [
      ['reconcile', 'act_1', '--status', 'executed', '--reason', 'the bank says so'],
      '/v1/actions/act_1',
      actionOf('executed'),
    ],
  ];
  it.each(repeated)('%j only looks', async (args, path, body) => {
    server.seen.length = 0;
    server.routes[path] = { status: 200, body };
    const ran = await countersign([...args, '--url', server.url], { env: { COUNTERSIGN_API_KEY: 'k'.repeat(32) } });
    expect([ran.code, ran.err]).toEqual([0, '']);
    expect(server.seen.map((one) => [one.method, one.path])).toEqual([['GET', path]]);
  });

  const ended: [args: string[], list: string, answer: object, path: string][] = [
    [['api-key', 'revoke', 'k1'], '/v1/api-keys', { keys: [{ ...key, revokedAt: AT }] }, '/v1/api-keys/k1'],
    [
      ['read-token', 'revoke', 't1'],
      '/v1/read-tokens',
      { tokens: [{ ...token, revokedAt: AT }] },
      '/v1/read-tokens/t1',
    ],
  ];
  it.each(ended)('%j succeeds where it ended before, and not where there is none', async (args, list, body, path) => {
    const gone = {
      status: 404,
      body: { type: 'about:blank', title: 'Not found', status: 404, code: 'not-found', detail: 'none' },
    };
    const run = () => countersign([...args, '--url', server.url], { env: { COUNTERSIGN_API_KEY: 'k'.repeat(32) } });
    server.routes[path] = gone;
    server.routes[list] = { status: 200, body };
    expect((await run()).code).toBe(0);
    server.routes[list] = { status: 200, body: Object.fromEntries(Object.keys(body).map((name) => [name, []])) };
    expect((await run()).code).not.toBe(0);
  });
});
