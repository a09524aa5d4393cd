/** Every door reads alike: what is wrong in one kind of input is refused wherever that kind can enter, and starts nothing. */
import { randomUUID } from 'node:crypto';
import { request as httpRequest } from 'node:http';
import { beforeAll, describe, expect, it } from 'vitest';
import { openApiDocument } from '../../src/api/openapi.ts';
import { Client, defaultPayloadConverter, type Payload } from '@temporalio/client';
import { GOVERNED_ACTION } from '../../src/contract/governed-action.ts';
import { actionIdOf, workflowIdOf } from '../../src/engine/ids.ts';
import { BLANK_REASONS, TWICE, WRONG_DATES, WRONG_NUMBERS, WRONG_TIMES } from '../reading/inputs.ts';
import { sharedStack, type SharedStack } from '../support/shared-stack.ts';
import { LEAD, REFUND, refund } from '../support/stack.ts';
import { decide } from '../support/policies.ts';

let stack: SharedStack;
beforeAll(async () => {
  stack = await sharedStack();
});

const withParams = (params: string): string =>
  JSON.stringify({ ...REFUND, params: 0 }).replace('"params":0', `"params":${params}`);
const key = (): { headers: Record<string, string> } => ({ headers: { 'idempotency-key': randomUUID() } });

/** Doors of HTTP at which a request comes in, by what a body looks like there. */
const DOORS: [path: string, body: (request: string) => string][] = [
  ['/v1/actions', (request) => request],
  ['/v1/evaluate', (request) => request],
];

describe('numbers', () => {
  it.each(WRONG_NUMBERS)('%s', async (number) => {
    for (const [path, body] of DOORS) {
      const answer = await stack.call('POST', path, body(withParams(`{"currency":"USD","amount":${number}}`)), key());
      expect(answer).toMatchObject({
        status: 400,
        body: { code: 'invalid-request', errors: [{ pointer: '/params/amount' }] },
      });
    }
    const policy = await stack.call(
      'POST',
      '/v1/policies',
      `{"files":[{"path":"a.yaml","text":"x"}],"reason":"r","more":${number}}`,
      key(),
    );
    expect(policy).toMatchObject({ status: 400, body: { errors: [{ pointer: '/more' }] } });
  });

  it('in a policy file are an error of lint', async () => {
    for (const number of ['100.000000000000001', '12345678901234567890', '0.12345678901234567', '1e400']) {
      for (const policy of [
        `policy: p.q\nsurfaces: [p.q]\nlimits:\n  l: { key: [actor.id], sum: params.amount, window: 1h, max: ${number} }\nrules: [{ id: a, when: 'true', then: approve }]\n`,
        `policy: p.q\nsurfaces: [p.q]\nrules: [{ id: a, when: 'params.amount <= ${number}', then: approve }]\n`,
      ]) {
        const answer = await stack.call(
          'POST',
          '/v1/policies',
          { files: [{ path: 'p.yaml', text: policy }], reason: 'r' },
          key(),
        );
        expect(answer).toMatchObject({ status: 422, body: { code: 'invalid-policy' } });
      }
    }
  });
});

describe('names that stand twice', () => {
  it.each(TWICE)('%s', async (json, pointer) => {
    for (const [path, body] of DOORS) {
      const answer = await stack.call('POST', path, body(withParams(json)), key());
      expect(answer).toMatchObject({ status: 400, body: { errors: [{ pointer: `/params${pointer}` }] } });
    }
  });

  it('outside of params too', async () => {
    const twice = withParams('{"amount":5,"currency":"USD"}').replace('{', '{"surface":"deploy.prod",');
    expect(await stack.call('POST', '/v1/actions', twice, key())).toMatchObject({
      status: 400,
      body: { errors: [{ pointer: '/surface' }] },
    });
    for (const [method, path] of [
      ['POST', '/v1/freezes'],
      ['POST', '/v1/delegations'],
      ['POST', '/v1/api-keys'],
      ['POST', '/v1/signing-keys'],
      ['POST', '/v1/permits/redeem'],
      ['POST', '/v1/passkeys'],
      ['POST', '/v1/actions/act_x/decisions'],
      ['POST', '/v1/actions/act_x/outcome'],
      ['POST', '/v1/actions/act_x/reconcile'],
      ['POST', '/v1/actions/act_x/erase'],
      ['DELETE', '/v1/freezes/frz_x'],
    ] as const) {
      const answer = await stack.call(method, path, '{"reason":"a","reason":"b"}', key());
      expect(answer, path).toMatchObject({ status: 400, body: { errors: [{ pointer: '/reason' }] } });
    }
  });
});

describe('through Temporal', () => {
  /** Starts a workflow whose input is exactly this JSON text. */
  const start = async (json: (token: string, idempotencyKey: string) => string): Promise<string> => {
    const { temporal, firstKey } = stack.stack;
    const idempotencyKey = randomUUID();
    const text = json(firstKey ?? '', idempotencyKey);
    const client = new Client({
      connection: temporal.connection,
      namespace: temporal.namespace,
      dataConverter: { payloadCodecs: [{ encode: async () => [payload(text)], decode: async (payloads) => payloads }] },
    });
    const id = actionIdOf(idempotencyKey);
    const handle = await client.workflow.start(GOVERNED_ACTION, {
      workflowId: workflowIdOf('default', id),
      taskQueue: 'countersign',
      args: [{}],
    });
    await handle.result().catch(() => undefined);
    expect((await stack.call('GET', `/v1/actions/${id}`)).status).toBe(404);
    return (await handle.describe()).status.name;
  };
  const payload = (text: string): Payload => ({
    metadata: defaultPayloadConverter.toPayload({})?.metadata ?? {},
    data: new TextEncoder().encode(text),
  });
  const input = (request: string) => (token: string, idempotencyKey: string) =>
    `{"tenant":"default","idempotencyKey":"${idempotencyKey}","token":"${token}","request":${request}}`;

  it.each([
    ...['100.000000000000001', '12345678901234567890', '0.12345678901234567', '1e400'].map((number) =>
      withParams(`{"amount":${number},"currency":"USD"}`),
    ),
    ...TWICE.slice(0, 6).map(([json]) => withParams(json)),
    withParams('{"amount":5,"currency":"U\\u0000D"}'),
    withParams('{"amount":5,"currency":"\\ud800"}'),
  ])('%s is no action', async (request) => {
    expect(await start(input(request))).toBe('FAILED');
  });
});

describe('times', () => {
  it.each([...WRONG_TIMES.filter((text) => text !== ''), ...WRONG_DATES])('%s is 400 in every filter', async (text) => {
    const time = encodeURIComponent(text);
    for (const path of ['/v1/records?', '/v1/export?format=jsonl&', '/v1/reports/break-glass?']) {
      for (const end of ['from', 'to']) {
        expect((await stack.call('GET', `${path}${end}=${time}`)).status, `${path}${end}`).toBe(400);
      }
    }
    const token = await stack.person(LEAD);
    const until = { to: 'user:cfo@acme.test', until: text };
    expect((await stack.call('POST', '/v1/delegations', until, { token })).status).toBe(400);
    const extend = { decision: 'extend', until: text };
    expect((await stack.call('POST', '/v1/actions/act_x/decisions', extend, { token })).status).toBe(400);
    const backtest = { bundle: `sha256:${'0'.repeat(64)}`, from: text };
    expect((await stack.call('POST', '/v1/policies/backtest', backtest)).status).toBe(400);
  });

  it.each([
    '/v1/records',
    '/v1/export?format=jsonl',
    '/v1/export?format=bundle',
    '/v1/actions',
    '/v1/actions/facets',
    '/v1/attempts',
    '/v1/findings',
    '/v1/reports/overrides',
    '/v1/reports/break-glass',
  ])('a time that ends before it begins is refused, not answered with nothing: %s', async (path) => {
    const wrong = `${path}${path.includes('?') ? '&' : '?'}from=2026-11-21T10:00:00Z&to=2026-11-20`;
    const { status, body } = await stack.call('GET', wrong);
    const pointers = (body.errors as { pointer: string }[]).map(({ pointer }) => pointer);
    expect([status, pointers]).toEqual([400, ['/from', '/to']]);
  });

  it('nor is history judged again for one', async () => {
    const backtest = { bundle: `sha256:${'0'.repeat(64)}`, from: '2026-11-21T10:00:00Z', to: '2026-11-20T10:00:00Z' };
    const { status, body } = await stack.call('POST', '/v1/policies/backtest', backtest);
    expect([status, body.errors?.[0]?.pointer]).toEqual([400, '/from']);
  });

  it.each(WRONG_TIMES)('timestamp(%j) is an error, so refused', async (deadline) => {
    const { body } = await stack.call('POST', '/v1/evaluate', {
      surface: 'court.filing',
      action: 'filing.submit',
      actor: { id: 'agent:paralegal', type: 'agent' },
      params: { document: 'm.pdf', deadline },
      context: { matter: 'M-17' },
    });
    expect(body.verdict).toMatchObject({ decision: 'refuse' });
    expect(['error', 'unclear']).toContain(body.verdict.basis);
  });

  it('a plain date is that day in UTC, and the answer says so', async () => {
    expect((await stack.call('GET', '/v1/records?from=2026-11-21&to=2026-11-21')).body).toMatchObject({
      from: '2026-11-21T00:00:00.000Z',
      to: '2026-11-22T00:00:00.000Z',
    });
    const report = await stack.call('GET', '/v1/reports/break-glass?from=2026-11-21&to=2026-11-21');
    expect(report.body).toMatchObject({ from: '2026-11-21T00:00:00.000Z', to: '2026-11-22T00:00:00.000Z' });
  });
});

describe('texts', () => {
  it.each([
    ['GET', '/v1/actions/%00'],
    ['GET', '/v1/records/%00'],
    ['GET', '/v1/records?q=a%00b'],
    ['GET', '/v1/records?actor=%00'],
    ['GET', '/v1/records?cursor=%00'],
    ['GET', '/v1/export?format=jsonl&q=%00'],
    ['GET', '/v1/policies/%00'],
    ['GET', '/v1/reviews?status=%00'],
    ['GET', '/log/%00/checkpoint'],
    ['DELETE', '/v1/freezes/%00'],
    ['DELETE', '/v1/api-keys/%00'],
    ['DELETE', '/v1/passkeys/%00'],
    ['DELETE', '/v1/delegations/a%00b'],
  ])('%s %s is 400', async (method, path) => {
    expect(await stack.call(method, path)).toMatchObject({ status: 400, body: { code: 'invalid-request' } });
  });

  it.each(BLANK_REASONS)('the reason %j is none', async (reason) => {
    const { body } = await stack.ask(refund(420));
    for (const decision of ['approve', 'refuse', 'return']) {
      expect((await decide(stack, body.id, { decision, reason }, LEAD)).status).toBeGreaterThanOrEqual(400);
    }
    expect((await stack.call('GET', `/v1/actions/${body.id}`)).body.status).toBe('supervised');
    for (const [method, path, more] of [
      ['POST', '/v1/freezes', { scope: 'surface', value: 'payments.refund' }],
      ['DELETE', '/v1/freezes/frz_x', {}],
      ['POST', `/v1/actions/${body.id}/erase`, {}],
      ['POST', `/v1/actions/${body.id}/reconcile`, { status: 'executed' }],
      ['POST', '/v1/policies', { files: [{ path: 'a.yaml', text: 'x' }] }],
      ['POST', '/v1/signing-keys', { use: 'record' }],
      ['POST', `/v1/records/${body.records[0]}/openings`, { path: 'params.amount' }],
    ] as const) {
      expect((await stack.call(method, path, { ...more, reason }, key())).status, path).toBe(400);
    }
  });

  it('lifting a freeze needs a reason', async () => {
    expect((await stack.call('DELETE', '/v1/freezes/frz_x')).status).toBe(400);
    expect((await stack.call('DELETE', '/v1/freezes/frz_x', {})).status).toBe(400);
  });
});

describe('the idempotency key', () => {
  it('is the same bare and in quotes', async () => {
    const bare = randomUUID();
    const first = await stack.ask(refund(11), { key: bare });
    const again = await stack.ask(refund(11), { key: `"${bare}"` });
    expect([first.status, again.status]).toEqual([200, 200]);
    expect(again.body.id).toBe(first.body.id);
  });

  it.each([
    ['a', 'b'],
    ['same', 'same'],
    ['"a"', 'a'],
  ])('two lines of it, %s and %s, are 400', async (...lines) => {
    const { hostname, port } = new URL(stack.url);
    const status = await new Promise<number | undefined>((resolve, reject) => {
      const sent = httpRequest(
        {
          hostname,
          port,
          method: 'POST',
          path: '/v1/actions',
          headers: {
            authorization: `Bearer ${stack.stack.firstKey}`,
            'content-type': 'application/json',
            'idempotency-key': lines,
          },
        },
        (response) => {
          response.resume();
          resolve(response.statusCode);
        },
      );
      sent.on('error', reject);
      sent.end(JSON.stringify(REFUND));
    });
    expect(status).toBe(400);
  });
});

describe('a body', () => {
  it.each([
    ['in UTF-16', Buffer.from(JSON.stringify(REFUND), 'utf16le'), 'application/json; charset=utf-16le'],
    ['that is no UTF-8', Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]), 'application/json'],
    ['cut in a character', Buffer.from(JSON.stringify({ ...REFUND, action: 'é' })).subarray(0, -2), 'application/json'],
    ['with a number alone', Buffer.from('5'), 'application/json'],
  ])('%s is 400', async (_what, body, type) => {
    const response = await fetch(`${stack.url}/v1/actions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${stack.stack.firstKey}`, 'content-type': type, ...key().headers },
      body,
    });
    expect(response.status).toBe(400);
    expect(response.headers.get('content-type')).toContain('application/problem+json');
  });

  it('with a byte order mark is read', async () => {
    expect((await stack.call('POST', '/v1/actions', `\ufeff${JSON.stringify(refund(12))}`, key())).status).toBe(200);
  });
});

describe('filters and fields that do not exist', () => {
  it.each([
    '/v1/records?basis=override',
    '/v1/records?Surface=payments.refund',
    '/v1/records?surfaces=payments.refund',
    '/v1/records?since=2026-11-21',
    '/v1/records?limt=5',
    '/v1/export?format=jsonl&basis=override',
    '/v1/reports/break-glass?since=2026-11-21',
    '/v1/reviews?state=open',
    '/v1/policies?page=2',
    '/v1/freezes?scope=actor',
    '/v1/delegations?to=x',
    '/v1/api-keys?id=x',
    '/v1/passkeys?person=x',
    '/v1/actions/act_x?waits=5',
  ])('%s is 400 and names it', async (path) => {
    const name = /[?&]([A-Za-z]+)=[^&]*$/.exec(path)?.[1] ?? '';
    expect(await stack.call('GET', path)).toMatchObject({ status: 400, body: { errors: [{ pointer: `/${name}` }] } });
  });

  it.each([
    'limit=0x10',
    'limit=1e2',
    'limit=+5',
    'limit=%205',
    'limit=5.0',
    'limit=-1',
    'limit=0',
    'limit=٥',
    'wait=0x5',
    'wait=1e1',
  ])('a number that is not written in digits is 400: %s', async (query) => {
    const [name = ''] = query.split('=');
    const paths =
      name === 'wait' ? ['/v1/actions/act_x'] : ['/v1/records', '/v1/actions', '/v1/attempts', '/v1/policies'];
    for (const path of paths) {
      const answer = await stack.call('GET', `${path}?${query}`);
      expect([path, answer]).toMatchObject([path, { status: 400, body: { errors: [{ pointer: `/${name}` }] } }]);
    }
  });

  it.each([
    '/v1/records?surface=payments.refund&limit=5',
    '/v1/records?type=verdict&decision=approve&q=x',
    '/v1/reviews?status=open',
    '/v1/reports/break-glass?from=2026-11-01',
    '/v1/policies?limit=1',
    '/v1/attempts?limit=1',
  ])('%s is answered', async (path) => expect((await stack.call('GET', path)).status).toBe(200));

  /** Every list, report and look-up of `/v1`, with what its query may hold. */
  const LISTS = Object.entries(openApiDocument().paths ?? {}).flatMap(([path, item]) => {
    if (!path.startsWith('/v1/') || item.get === undefined) return [];
    const parameters = (item.get.parameters ?? []).flatMap((one) => ('in' in one && one.in === 'query' ? [one] : []));
    return [{ path: path.replaceAll(/\{\w+\}/g, 'x'), parameters }];
  });
  const valuesOf = (schema: unknown): unknown => (schema as { enum?: unknown }).enum;

  it.each(LISTS.map(({ path }) => path))('%s: one that it does not have is 400', async (path) => {
    for (const name of ['basiss', 'Limit', 'constructor']) {
      const answer = await stack.call('GET', `${path}?${name}=x`);
      expect([name, answer]).toMatchObject([name, { status: 400, body: { errors: [{ pointer: `/${name}` }] } }]);
    }
  });

  it.each(LISTS.flatMap(({ path, parameters }) => parameters.map(({ name, schema }) => ({ path, name, schema }))))(
    '$path: no value of $name, or one that there is not, is 400',
    async ({ path, name, schema }) => {
      const wrong = valuesOf(schema) === undefined ? [''] : ['', 'zzz', 'approve ', 'APPROVE', 'verdict,release', '0'];
      for (const value of wrong) {
        const answer = await stack.call('GET', `${path}?${name}=${encodeURIComponent(value)}`);
        expect([value, answer]).toMatchObject([value, { status: 400, body: { errors: [{ pointer: `/${name}` }] } }]);
      }
    },
  );

  it('covers the filters whose values are known', () => {
    const known = LISTS.flatMap(({ path, parameters }) =>
      parameters.filter(({ schema }) => valuesOf(schema) !== undefined).map(({ name }) => `${path}?${name}`),
    );
    expect(known).toEqual(
      expect.arrayContaining([
        '/v1/records?decision',
        '/v1/records?type',
        '/v1/export?format',
        '/v1/export?decision',
        '/v1/reviews?status',
        '/v1/actions?status',
        '/v1/actions?basis',
        '/v1/attempts?door',
        '/v1/attempts?code',
      ]),
    );
  });

  it('a connector that is none is 400', async () => {
    for (const path of ['/v1/actions', '/v1/evaluate']) {
      const answer = await stack.call('POST', path, { ...REFUND, execution: { connector: 'ledger-http' } }, key());
      expect(answer).toMatchObject({ status: 400, body: { errors: [{ pointer: '/execution/connector' }] } });
    }
  });
});

describe('a stop', () => {
  const freeze = (scope: string, value: string, more: object = {}) =>
    stack.call('POST', '/v1/freezes', { scope, value, reason: 'incident', ...more });
  const lift = (id: string) => stack.call('DELETE', `/v1/freezes/${id}`, { reason: 'over' });

  it.each([
    ['surface', 'Payments.Refund'],
    ['surface', 'payments.refunds'],
    ['surface', 'payment.*'],
    ['surface', 'payments.refund '],
    ['surface', ' payments.refund'],
    ['surface', 'payments'],
    ['surface', 'payments.'],
    ['surface', 'payments.refund.*'],
    ['surface', 'payments/refund'],
    ['surface', '*.*.*.*.*'],
    ['actor', 'support-bot'],
    ['actor', 'agent:suport-bot'],
    ['actor', 'user:finance-led@acme.test'],
    ['actor', '<@U0FINANCE|fatima>'],
    ['actor', '@fatima'],
    ['actor', 'agent:support-bot '],
    ['actor', 'agent:*'],
  ])('of the %s %j stops nothing, so it is refused', async (scope, value) => {
    expect(await freeze(scope, value)).toMatchObject({ status: 400, body: { errors: [{ pointer: '/value' }] } });
    expect((await stack.call('GET', '/v1/freezes')).body.freezes).toEqual([]);
  });

  it.each([
    ['surface', 'payments.*'],
    ['surface', 'payments.refund'],
    ['surface', '*.refund'],
    ['surface', '**'],
    ['surface', '**.refund'],
    ['surface', 'payments.**'],
    ['surface', '*.*'],
    ['actor', 'agent:support-bot'],
    ['actor', 'user:requester@acme.test'],
    ['actor', 'agent:Support-Bot'],
  ])('of the %s %s stops the refund, and says how much it stops', async (scope, value) => {
    const parked = await stack.ask(refund(420));
    const { status, body } = await freeze(scope, value);
    expect(status).toBe(201);
    expect(body.stops.actions).toBeGreaterThan(0);
    expect(body.stops[scope === 'surface' ? 'surfaces' : 'actors']).toBeGreaterThan(0);
    expect((await stack.ask(refund(12))).status).toBe(403);
    await lift(body.id);
    expect((await stack.ask(refund(12))).status).toBe(200);
    await stack.call('POST', `/v1/actions/${parked.body.id}/cancel`, {});
  });

  it.each([
    ['surface', 'warehouse.empty'],
    ['actor', 'agent:to-come'],
  ])('of the %s %s, which is unknown, is made when it is said so', async (scope, value) => {
    const { status, body } = await freeze(scope, value, { unknown: true });
    expect(status).toBe(201);
    expect(body.stops).toEqual({ surfaces: 0, actors: 0, actions: 0 });
    await lift(body.id);
  });
});
