/** HTTP manners: 405 with a right `Allow`, and the newest record of an action on every answer about it. */
import { randomUUID } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import { onCluster } from '../support/not-on-cluster.ts';
import { sharedStack, type SharedStack } from '../support/shared-stack.ts';
import { CFO, LEAD, refund, type Answer } from '../support/stack.ts';

let stack: SharedStack;
beforeAll(async () => {
  stack = await sharedStack();
});

describe('a method that an address does not take', () => {
  it.each([
    ['DELETE', '/v1/actions', 'GET, HEAD, POST'],
    ['PUT', '/v1/actions/act_1', 'GET, HEAD'],
    ['GET', '/v1/actions/act_1/decisions', 'POST'],
    ['DELETE', '/v1/records', 'GET, HEAD'],
    ['POST', '/v1/records/sha256:1/receipt', 'GET, HEAD'],
    ['PATCH', '/v1/freezes', 'GET, HEAD, POST'],
    ['GET', '/v1/freezes/frz_1', 'DELETE'],
    ['PUT', '/v1/policies', 'GET, HEAD, POST'],
    ['DELETE', '/v1/attempts', 'GET, HEAD'],
    ['POST', '/openapi.json', 'GET, HEAD'],
    ['POST', '/healthz', 'GET, HEAD'],
    ['DELETE', '/readyz', 'GET, HEAD'],
    ['POST', '/console', 'GET, HEAD'],
    ['GET', '/v1/permits/redeem', 'POST'],
    ['POST', '/.well-known/jwks.json', 'GET, HEAD'],
  ])('%s %s: 405, Allow: %s', async (method, path, allow) => {
    const answer = await stack.call(method, path, ['GET', 'DELETE'].includes(method) ? undefined : {});
    expect([answer.status, answer.headers.get('allow'), answer.body.code]).toEqual([405, allow, 'method-not-allowed']);
  });

  it.each(['/v1/nothing', '/v1/actions/act_1/nothing', '/nowhere'])('%s is still not found', async (path) => {
    expect((await stack.call('POST', path, {})).status).toBe(404);
  });

  it('who presents nothing is told how', async () => {
    const answer = await fetch(`${stack.url}/v1/records`);
    expect([answer.status, answer.headers.get('www-authenticate')]).toEqual([401, 'Bearer realm="countersign"']);
  });
});

describe('x-request-id', () => {
  it.each([
    ['one of ours, where none is given', undefined],
    ['one of ours, where it is no id', 'a\tb'],
    ['the given one', 'req-1/A:b=c'],
  ])('%s: in the answer, and in a problem document', async (_what, given) => {
    const headers: Record<string, string> = given === undefined ? {} : { 'x-request-id': given };
    const answer = await stack.call('GET', '/v1/actions/act_none', undefined, { headers });
    const id = answer.headers.get('x-request-id');
    expect([answer.status, answer.body.requestId]).toEqual([404, id]);
    if (given === 'req-1/A:b=c') expect(id).toBe(given);
    else expect(id).toMatch(/^[0-9a-f-]{36}$/);
  });
});

// On a cluster each process has a port of its own for them.
describe.skipIf(onCluster)('/metrics on loopback', () => {
  it('says what is counted to this machine, and nothing through a proxy', async () => {
    const text = await (await fetch(`${stack.url}/metrics`)).text();
    expect(text).toMatch(/^countersign_waiting \d/m);
    const passedOn = await fetch(`${stack.url}/metrics`, { headers: { 'x-forwarded-for': '192.0.2.1' } });
    expect(passedOn.status).toBe(404);
  });
});

describe('Countersign-Receipt names the newest record', () => {
  const newestOf = async (id: string): Promise<string> =>
    (await stack.call('GET', `/v1/actions/${id}`)).body.records.at(-1) as string;
  const lead = () => stack.person(LEAD);
  const approve = { decision: 'approve', reason: 'charged twice' };

  it.each<[what: string, status: number, ask: () => Promise<{ id: string; answer: Answer }>]>([
    ['a release', 200, () => stack.ask(refund(10)).then((answer) => ({ id: answer.body.id, answer }))],
    ['a parked action', 202, () => stack.ask(refund(500)).then((answer) => ({ id: answer.body.id, answer }))],
    ['a refusal', 403, () => stack.ask(refund(5000)).then((answer) => ({ id: answer.body.action.id, answer }))],
    [
      'a look',
      200,
      async () => {
        const { id } = (await stack.ask(refund(501))).body;
        return { id, answer: await stack.call('GET', `/v1/actions/${id}`) };
      },
    ],
    [
      'a key that is used for another body',
      422,
      async () => {
        const key = randomUUID();
        const { id } = (await stack.ask(refund(502), { key })).body;
        return { id, answer: await stack.ask(refund(503), { key }) };
      },
    ],
    [
      'a decision',
      200,
      async () => {
        const { id } = (await stack.ask(refund(504))).body;
        return {
          id,
          answer: await stack.call('POST', `/v1/actions/${id}/decisions`, approve, { token: await lead() }),
        };
      },
    ],
    [
      'a decision by somebody else',
      403,
      async () => {
        const { id } = (await stack.ask(refund(505))).body;
        return { id, answer: await stack.call('POST', `/v1/actions/${id}/decisions`, approve) };
      },
    ],
    [
      'a decision after another',
      409,
      async () => {
        const { id } = (await stack.ask(refund(506))).body;
        const path = `/v1/actions/${id}/decisions`;
        await stack.call('POST', path, approve, { token: await lead() });
        return { id, answer: await stack.call('POST', path, approve, { token: await stack.person(CFO) }) };
      },
    ],
    [
      'a redemption',
      200,
      async () => {
        const { id, permit } = (await stack.ask(refund(11))).body;
        return { id, answer: await stack.call('POST', '/v1/permits/redeem', { permit }) };
      },
    ],
    [
      'a second redemption',
      409,
      async () => {
        const { id, permit } = (await stack.ask(refund(12))).body;
        await stack.call('POST', '/v1/permits/redeem', { permit });
        return { id, answer: await stack.call('POST', '/v1/permits/redeem', { permit, audience: 'payments.refund' }) };
      },
    ],
    [
      'a redemption for another audience',
      403,
      async () => {
        const { id, permit } = (await stack.ask(refund(13))).body;
        return { id, answer: await stack.call('POST', '/v1/permits/redeem', { permit, audience: 'deploy.prod' }) };
      },
    ],
    [
      'a withdrawal',
      200,
      async () => {
        const { id } = (await stack.ask(refund(507))).body;
        return { id, answer: await stack.call('POST', `/v1/actions/${id}/cancel`) };
      },
    ],
    [
      'a withdrawal of what is over',
      409,
      async () => {
        const { id } = (await stack.ask(refund(508))).body;
        await stack.call('POST', `/v1/actions/${id}/cancel`);
        return { id, answer: await stack.call('POST', `/v1/actions/${id}/cancel`) };
      },
    ],
  ])('on %s', async (_what, status, ask) => {
    const { id, answer } = await ask();
    expect(answer.status).toBe(status);
    expect(answer.headers.get('countersign-receipt')).toBe(await newestOf(id));
  });

  it('and tells a stranger nothing', async () => {
    const answer = await stack.call('GET', `/v1/actions/act_${'0'.repeat(64)}`);
    expect([answer.status, answer.headers.get('countersign-receipt')]).toEqual([404, null]);
  });
});
