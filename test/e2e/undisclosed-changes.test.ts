/** What policy itself puts into a request is committed where policy does not disclose it: in records, exports and archives. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { policiesFolder } from '../support/policies.ts';
import { startTestStack, type TestStack } from '../support/stack.ts';

const PLANTED = 'PLANTED-71f2 patient Jane';

/** Policies that change a parameter, by what they disclose and how they judge. */
const WIKI = (surface: string, more: string): string => `policy: ${surface}
surfaces: [${surface}]
${more}
rules:
  - id: signed
    when: 'true'
    then: constrain
    changes: { action: page.propose, params.body: '= params.body + "\\n(proposed by " + actor.id + ")"', params.at: '= {"x": params.body}' }
`;

let stack: TestStack;
let remove: () => void;
beforeAll(async () => {
  const folder = policiesFolder({
    'wiki.hidden.yaml': WIKI('wiki.hidden', ''),
    'wiki.observed.yaml': WIKI('wiki.observed', 'mode: observe'),
    'wiki.shown.yaml': WIKI('wiki.shown', 'disclose: [params.body]'),
    'wiki.parked.yaml': WIKI('wiki.parked', ''),
    'wiki.parked-too.yaml': `policy: wiki.parked-too
surfaces: [wiki.parked]
rules:
  - id: ask
    when: 'true'
    then: supervise
    approval: { stages: [{ name: finance, approvers: ['group:finance'] }], expires: 1h }
`,
  });
  remove = folder.remove;
  stack = await startTestStack({ COUNTERSIGN_POLICIES: folder.path });
});
afterAll(async () => {
  await stack.stop();
  remove();
});

const ask = (surface: string) =>
  stack.ask({
    surface,
    action: 'page.write',
    actor: { id: 'agent:writer', type: 'agent' },
    params: { body: PLANTED },
  });

const records = (hashes: string[]) =>
  Promise.all(hashes.map(async (hash) => (await stack.call('GET', `/v1/records/${hash}`)).body.record));

describe.each(['wiki.hidden', 'wiki.observed', 'wiki.parked'])('%s', (surface) => {
  it('holds nothing of it in any record or export, and everything in answer, permit and execution', async () => {
    let { body } = await ask(surface);
    if (body.status === 'supervised') {
      const token = await stack.person('user:finance-lead@acme.test');
      await stack.call('POST', `/v1/actions/${body.id}/decisions`, { decision: 'approve', reason: 'ok' }, { token });
      body = (await stack.call('GET', `/v1/actions/${body.id}?wait=20`)).body;
    }
    expect(body.status).toBe('released');
    for (const record of await records(body.records)) expect(JSON.stringify(record)).not.toContain(PLANTED);
    for (const format of ['csv', 'jsonl']) {
      const exported = await fetch(`${stack.url}/v1/export?format=${format}&surface=${surface}`, {
        headers: { authorization: `Bearer ${stack.stack.firstKey}` },
      });
      expect(exported.status).toBe(200);
      expect(await exported.text()).not.toContain(PLANTED);
    }
    if (surface !== 'wiki.observed') {
      const [verdict] = await records(body.records);
      expect(verdict.verdict.changes).toMatchObject({
        action: 'page.propose',
        'params.body': expect.stringMatching(/^sha256:[0-9a-f]{64}$/),
        'params.at': expect.stringMatching(/^sha256:[0-9a-f]{64}$/),
      });
      const { changes } = JSON.parse(Buffer.from(body.permit.split('.')[1], 'base64url').toString());
      expect(changes['params.body']).toContain(PLANTED);
    }
    const redeemed = await stack.call('POST', '/v1/permits/redeem', { permit: body.permit });
    expect(redeemed.status).toBe(200);
    const replayed = await stack.call('GET', `/v1/records/${body.records[0]}/replay`);
    expect(replayed.body).toMatchObject({ same: true, differences: [] });
  });
});

it('is in clear where policy discloses it', async () => {
  const { body } = await ask('wiki.shown');
  const [verdict] = await records(body.records);
  expect(verdict.verdict.changes['params.body']).toContain(PLANTED);
});

it('answers the requester in clear, now and when the action is read again', async () => {
  const { body } = await ask('wiki.hidden');
  expect(body.verdict.changes['params.body']).toContain(PLANTED);
  const again = await stack.call('GET', `/v1/actions/${body.id}`);
  expect(again.body.verdict.changes['params.body']).toContain(PLANTED);
});
