/** An auditor reads all of their tenant, and decides nothing. */
import { randomUUID } from 'node:crypto';
import { beforeAll, expect, it } from 'vitest';
import { closedOperations } from '../support/operations.ts';
import { sharedStack, type SharedStack } from '../support/shared-stack.ts';
import { refund } from '../support/stack.ts';

const AUDITOR = 'user:auditor@acme.test';
let stack: SharedStack;
let parked: string;
let record: string;
let token: string;
beforeAll(async () => {
  stack = await sharedStack();
  const { body } = await stack.ask(refund(700));
  parked = body.id;
  [record] = body.records;
  token = await stack.person(AUDITOR);
});

it.each([
  ['the action', () => `/v1/actions/${parked}`],
  ['its record', () => `/v1/records/${record}`],
  ['its receipt', () => `/v1/records/${record}/receipt`],
  ['all records', () => '/v1/records?limit=5'],
  ['refused attempts', () => '/v1/attempts'],
  ['what is governed', () => '/v1/surfaces'],
  ['the report of overrides', () => '/v1/reports/overrides'],
])('reads %s', async (_, path) => {
  expect((await stack.call('GET', path(), undefined, { token })).status).toBe(200);
});

/** What changes nothing, or nothing but what is the auditor's own. */
const OWN = [
  'POST /v1/evaluate',
  'POST /v1/policies/backtest',
  'POST /v1/passkeys/options',
  'POST /v1/start-tokens',
  // Draws records to look at.
  'POST /v1/samples',
  // Compares a file with what was governed, which is sealed.
  'POST /v1/statements',
  // Keeps a question under a name. It is the auditor's own.
  'POST /v1/views',
  'POST /codec/decode',
  'POST /codec/encode',
  // Shows one value that a record commits to, which is sealed.
  'POST /v1/records/{hash}/openings',
];

it('changes nothing of others by any operation', async () => {
  const values = (path: string): string => {
    if (path.startsWith('/v1/actions/')) return parked;
    return path.includes('{hash}') ? record : 'x';
  };
  const done: string[] = [];
  for (const { method, path, address, body } of closedOperations(values)) {
    const name = `${method} ${path}`;
    // Erasing is theirs, for it ends no action: test/e2e/erasure.test.ts.
    if (method === 'GET' || OWN.includes(name) || name === 'POST /v1/actions/{id}/erase') continue;
    const response = await fetch(stack.url + address, {
      method,
      headers: {
        authorization: `Bearer ${token}`,
        'content-type': 'application/json',
        'idempotency-key': randomUUID(),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    // AuthZEN says no with 200.
    if (path.startsWith('/access/v1/evaluation') && text.includes('"decision":false')) continue;
    // A plan is answered with the verdict of each step.
    if (path === '/v1/plans') {
      const { steps } = JSON.parse(text) as { steps: { status: string }[] };
      expect(new Set(steps.map(({ status }) => status))).toEqual(new Set(['refused']));
      continue;
    }
    if (response.status < 400 || response.status >= 500) done.push(`${name}: ${response.status}`);
  }
  expect(done).toEqual([]);
  expect((await stack.call('GET', `/v1/actions/${parked}`)).body).toMatchObject({ status: 'supervised' });
});

it('is asked for no decision, whatever policy names', () => {
  const directory = stack.stack.parts.directory.current('default');
  const actor = { id: 'agent:support-bot', type: 'agent' } as const;
  for (const ref of [AUDITOR, 'role:auditor', 'group:audit']) expect(directory.resolve(ref, actor)).toEqual([]);
  expect(directory.mayDecide(AUDITOR)).toBe(false);
});

it('what they take away is sealed', async () => {
  const response = await fetch(`${stack.url}/v1/export?format=jsonl`, {
    headers: { authorization: `Bearer ${token}` },
  });
  await response.arrayBuffer();
  const { records } = (await stack.call('GET', '/v1/records?type=export&limit=1')).body;
  expect(records[0].record).toMatchObject({ type: 'export', by: AUDITOR });
});
