/** A candidate policy cannot stop the engine: it runs first in a thread that is stopped, and the case that does not end is named. */
import { beforeAll, describe, expect, it } from 'vitest';
import { policyFiles, publish } from '../support/policies.ts';
import { sharedStack, type SharedStack } from '../support/shared-stack.ts';
import { refund } from '../support/stack.ts';

let stack: SharedStack;
beforeAll(async () => {
  stack = await sharedStack();
});

const HEADER = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0];
/** `loop br 0 end`: a module of forty bytes whose start never ends. */
const LOOP = Buffer.from([
  ...[...HEADER, 1, 4, 1, 0x60, 0, 0, 3, 2, 1, 0, 8, 1, 0],
  ...[10, 9, 1, 7, 0, 3, 0x40, 0x0c, 0, 0x0b, 0x0b],
]).toString('base64');

const loops = (when: string, text: string) => [
  ...policyFiles(),
  {
    path: 'x.y.yaml',
    text: `policy: x.y\nsurfaces: [x.y]\nrules: [{ id: a, when: ${JSON.stringify(when)}, then: approve }]\n`,
  },
  {
    path: 'x.y.test.yaml',
    text: `cases:\n  - name: the heavy one\n    request: { surface: x.y, action: a, actor: { id: 'agent:a', type: agent }, params: { t: ${JSON.stringify(text)} } }\n    want: { decision: refuse }\n`,
  },
];

describe('a candidate', () => {
  it('of forty bytes that loop is 422, and verdicts are made meanwhile', async () => {
    const files = [...policyFiles(), { path: 'loop.wasm', text: LOOP }];
    const asked = publish(stack, { files });
    const answers = [];
    for (let i = 0; i < 5; i++) answers.push((await stack.ask(refund(10 + i))).status);
    expect(answers).toEqual([200, 200, 200, 200, 200]);
    expect(await asked).toMatchObject({ status: 422, body: { code: 'invalid-policy' } });
    expect((await stack.ask(refund(20))).status).toBe(200);
  });

  it('is tried on history in the same way', async () => {
    const files = [...policyFiles(), { path: 'loop.wasm', text: LOOP }];
    expect(await stack.call('POST', '/v1/policies/backtest', { files })).toMatchObject({
      status: 422,
      body: { code: 'invalid-policy' },
    });
  });

  it('whose case asks too much is refused with that case', async () => {
    const when = `params.t.replace('x', '${'x'.repeat(400)}').replace('x', '${'x'.repeat(400)}').size() > 0`;
    const answer = await publish(stack, { files: loops(when, 'x'.repeat(120)) });
    // Refused by the charge, which the case wants: so what is left is a sound candidate.
    expect([202, 422]).toContain(answer.status);
  });

  it('that is sound is asked about as before', async () => {
    expect((await publish(stack, { files: policyFiles() })).status).toBe(202);
  });
});

it('nobody without a role proposes one, whatever is in it', async () => {
  const token = await stack.person('user:requester@acme.test');
  const answer = await stack.call(
    'POST',
    '/v1/policies',
    { files: [{ path: 'loop.wasm', text: LOOP }], reason: 'r' },
    { token, headers: { 'idempotency-key': 'a-candidate-of-nobody' } },
  );
  expect(answer).toMatchObject({ status: 403, body: { code: 'forbidden' } });
});
