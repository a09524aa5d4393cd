import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { activityDeps } from '../../src/main/parts.ts';
import { createClient, startWorkerOn } from '../../src/main/engine.ts';
import { createGateway } from '../../src/gateway/index.ts';
import { verifyReceipt } from '../../src/sealing/index.ts';
import { eventually } from '../support/eventually.ts';
import { loopingProgram } from '../support/looping-program.ts';
import { decide, edited, inForce, policyFiles, publish, publishApproved, RISK } from '../support/policies.ts';
import { LEAD, refund, startTestStack, type TestStack } from '../support/stack.ts';

let it_: TestStack;
let first: string;
beforeAll(async () => {
  it_ = await startTestStack();
  first = await inForce(it_);
});
afterAll(() => it_.stop());

/** Cases that say what the edited policy says, so that it passes its own tests. */
const REFUND = 'payments.refund.yaml';
const tighter = (): ReturnType<typeof edited> =>
  edited(REFUND, 'params.amount <= 1000', 'params.amount <= 900').map((file) =>
    file.path === 'payments.refund.test.yaml' ? { ...file, text: SMALL_CASES } : file,
  );
const SMALL_CASES = `given:
  request: { surface: payments.refund, action: refund.create, actor: { id: 'agent:support-bot', type: agent } }
cases:
  - { name: small, request: { params: { amount: 5 } }, want: { decision: approve } }
  - { name: between, request: { params: { amount: 950 } }, want: { decision: refuse, rule: large } }
`;

describe('publishing', () => {
  it('waits for a yes of risk, then the engine brings it into force and settles it', async () => {
    const asked = await publish(it_, { files: tighter(), reason: 'treasury asked for it' });
    expect([asked.status, asked.body.status, asked.body.verdict.policy]).toEqual([
      202,
      'supervised',
      'countersign.policy',
    ]);
    expect(await inForce(it_)).toBe(first);
    const bundle = asked.body.verdict.bundle;
    expect(bundle).toBe(first);

    const decided = await decide(it_, asked.body.id, { decision: 'approve', reason: 'agreed' }, RISK);
    expect(decided.status).toBe(200);
    const { body: done } = await it_.call('GET', `/v1/actions/${asked.body.id}?wait=30`);
    expect([done.status, done.permit]).toEqual(['executed', null]);
    expect((await it_.ask(refund(950))).status).toBe(403);

    const { body: list } = await it_.call('GET', '/v1/policies');
    expect(list.activations).toHaveLength(2);
    expect(list.activations[0]).toMatchObject({
      bundle: list.inForce,
      previous: first,
      action: asked.body.id,
      by: 'service:policy-publisher',
      reason: 'treasury asked for it',
    });
    const keys = (await it_.call('GET', '/log/default/jwks.json')).body.keys;
    const vkey = (await it_.call('GET', '/log/default/vkey')).body.trim();
    const receipt = (await it_.call('GET', `/v1/records/${list.activations[0].record}/receipt`)).body;
    const { record } = await verifyReceipt(receipt, { recordKeys: keys, logKeys: [vkey] });
    expect(record).toMatchObject({ type: 'policy', seq: 1, prev: list.activations[1].record });
    const sealed = (await it_.call('GET', `/v1/records?action=${asked.body.id}`)).body.records;
    expect(sealed.map((item: { record: { type: string } }) => item.record.type)).toEqual([
      'outcome',
      'redemption',
      'release',
      'decision',
      'verdict',
    ]);
    expect(sealed[0].record).toMatchObject({ by: 'countersign', reference: list.activations[0].record });
    expect(sealed[4].record.disclosed).toMatchObject({
      'params.changes': '~payments.refund',
      'params.previous': first,
      'params.rules': expect.stringContaining(
        'payments.refund / medium: when params.amount <= 1000 → when params.amount <= 900',
      ),
      'params.cases': expect.stringContaining('payments.refund.test.yaml:5 between: supervise → refuse'),
      'params.deleted': expect.stringContaining('payments.refund.test.yaml: 100 goes at once'),
      'params.recorded': expect.stringMatching(/^(none|[0-9,]+) of [0-9,]+ would change/),
      'params.askedBy': expect.stringMatching(/^key:/),
    });
  });

  it('serves every bundle by its hash, and takes one back by it', async () => {
    const { body } = await it_.call('GET', `/v1/policies/${first}`);
    expect([body.bundle, body.policies.includes('payments.refund')]).toEqual([first, true]);
    const back = await publishApproved(it_, { bundle: first, reason: 'the limit was wrong' });
    expect(back.status).toBe('executed');
    expect(await inForce(it_)).toBe(first);
    expect((await it_.ask(refund(950))).status).toBe(202);
    const unknown = await publish(it_, { bundle: `sha256:${'0'.repeat(64)}` });
    expect([unknown.status, unknown.body.code]).toEqual([404, 'not-found']);
  });

  it('is the same action again under the same key, also when another bundle is in force by then', async () => {
    const body = { files: tighter() };
    const asked = await publish(it_, body, 'one-publication');
    await decide(it_, asked.body.id, { decision: 'approve', reason: 'yes' }, RISK);
    await it_.call('GET', `/v1/actions/${asked.body.id}?wait=30`);
    const again = await publish(it_, body, 'one-publication');
    expect([again.status, again.body.id, again.body.status]).toEqual([200, asked.body.id, 'executed']);
    const other = await publish(it_, { bundle: first }, 'one-publication');
    expect([other.status, other.body.code]).toEqual([422, 'idempotency-key-reused']);
    await publishApproved(it_, { bundle: first });
  });

  it('is skipped when another bundle came into force since it was proposed', async () => {
    const stale = await publish(it_, { files: tighter() });
    const other = edited(REFUND, 'expires: 4h', 'expires: 5h');
    expect((await publishApproved(it_, { files: other })).status).toBe('executed');
    const before = await inForce(it_);
    await decide(it_, stale.body.id, { decision: 'approve', reason: 'late' }, RISK);
    const { body } = await it_.call('GET', `/v1/actions/${stale.body.id}?wait=30`);
    expect(body.status).toBe('skipped');
    expect(await inForce(it_)).toBe(before);
    await publishApproved(it_, { bundle: first });
  });

  it.each<[string, () => object, string]>([
    ['an error of lint', () => ({ files: edited(REFUND, "when: 'true'", "when: 'params.amount <= 50'") }), REFUND],
    [
      'a case that fails',
      () => ({ files: edited(REFUND, 'params.amount <= 1000', 'params.amount <= 2000') }),
      'payments.refund.test.yaml',
    ],
    ['a file that is no policy', () => ({ files: edited(REFUND, 'rules:', 'rulez:') }), REFUND],
    [
      'nobody could publish after it',
      () => ({ files: policyFiles(({ path, text }) => (path.startsWith('countersign.') ? null : text)) }),
      'countersign.policy',
    ],
  ])('is refused before it is asked for: %s', async (_, body, named) => {
    const refused = await publish(it_, body());
    expect([refused.status, refused.body.code]).toEqual([422, 'invalid-policy']);
    expect(refused.body.errors.length).toBeGreaterThan(0);
    const text = JSON.stringify(refused.body.errors);
    expect(text).toContain(named);
    if (named.endsWith('.yaml')) expect(text).toMatch(/\/files\/\d+\/text.*\.yaml:\d+/);
  });

  it('needs a key, a reason and one of files and bundle', async () => {
    const none = await it_.call('POST', '/v1/policies', { bundle: first, reason: 'x' });
    expect([none.status, none.body.code]).toEqual([400, 'idempotency-key-missing']);
    for (const body of [{ bundle: first, reason: ' ' }, { files: tighter(), bundle: first }, { reason: 'x' }]) {
      const wrong = await publish(it_, body);
      expect([wrong.status, wrong.body.code]).toEqual([400, 'invalid-request']);
    }
    const nobody = await fetch(`${it_.url}/v1/policies`, { method: 'POST', body: '{}' });
    expect(nobody.status).toBe(401);
  });

  it('asked for as an ordinary action, brings only checked bundles into force', async () => {
    const asked = await it_.ask({
      surface: 'countersign.policy',
      action: 'policy.publish',
      actor: { id: 'service:stranger', type: 'service' },
      params: { bundle: `sha256:${'1'.repeat(64)}`, previous: first },
    });
    await decide(it_, asked.body.id, { decision: 'approve', reason: 'did not look' }, RISK);
    const { body } = await it_.call('GET', `/v1/actions/${asked.body.id}?wait=30`);
    expect(body.status).toBe('skipped');
    expect(await inForce(it_)).toBe(first);
  });
});

describe('a publish in mid-flight', () => {
  it('leaves an action that no worker has judged yet to the bundle in force at its submission', async () => {
    const { parts, temporal } = it_.stack;
    const paused = createGateway({
      notifier: () => null,
      ...parts,
      signers: (tenant) => parts.keys.forTenant(tenant),
      attestationKeys: () => parts.keys.attestationKeys,
      client: createClient(parts, temporal.connection, temporal.namespace),
      taskQueue: 'paused',
      // As a process that died between the start and the verdict.
      judging: { begin: () => Promise.reject(new Error('killed')), judge: () => Promise.reject(new Error('killed')) },
      startDelayMs: 1000,
      now: () => new Date(),
    });
    const caller = await parts.authenticate(`Bearer ${it_.stack.firstKey}`);
    const key = 'asked-before-the-publish';
    const { action: unjudged } = await paused.request(caller, refund(950), key, 0);
    expect(unjudged.status).toBe('evaluating');
    await expect(paused.action(caller, unjudged.id, 0)).rejects.toMatchObject({ code: 'unavailable' });
    const done = await publishApproved(it_, { files: tighter() });
    expect(done.status).toBe('executed');
    expect(await inForce(it_)).not.toBe(first);
    const worker = await startWorkerOn(
      parts,
      temporal.connection,
      temporal.namespace,
      activityDeps(parts, null, null),
      { taskQueue: 'paused' },
    );
    try {
      const action = await eventually('the worker judges it', async () => {
        const { action: asked } = await paused.request(caller, refund(950), key, 0);
        return asked.status === 'evaluating' ? undefined : asked;
      });
      expect([action.status, action.verdict?.bundle]).toEqual(['supervised', first]);
    } finally {
      await worker.stop();
    }
    expect((await it_.ask(refund(950))).body.action.verdict.bundle).toBe(await inForce(it_));
    await publishApproved(it_, { bundle: first });
  });

  it('judges a parked action once more at its release: the strictest holds, and both are sealed', async () => {
    const [kept, refused] = await Promise.all([it_.ask(refund(400)), it_.ask(refund(950))]);
    await publishApproved(it_, { files: tighter() });
    const now = await inForce(it_);
    for (const { body } of [kept, refused]) {
      expect((await it_.call('GET', `/v1/actions/${body.id}`)).body.verdict.bundle).toBe(first);
      await decide(it_, body.id, { decision: 'approve', reason: 'fine' }, LEAD);
    }
    const released = (await it_.call('GET', `/v1/actions/${kept.body.id}?wait=30`)).body;
    expect([released.status, released.verdict.bundle]).toEqual(['released', first]);
    const release = (await it_.call('GET', `/v1/records/${released.records.at(-1)}`)).body.record;
    expect(release).toMatchObject({
      type: 'release',
      basis: 'override',
      rejudged: { verdict: { decision: 'supervise', bundle: now } },
    });

    const closed = (await it_.call('GET', `/v1/actions/${refused.body.id}?wait=30`)).body;
    expect([closed.status, closed.permit]).toEqual(['refused', null]);
    const records = await Promise.all(
      closed.records.map(async (hash: string) => (await it_.call('GET', `/v1/records/${hash}`)).body.record),
    );
    expect(records.map(({ type }) => type)).toEqual(['verdict', 'decision', 'verdict']);
    expect(records[0].verdict).toMatchObject({ decision: 'supervise', bundle: first });
    expect(records[2].verdict).toMatchObject({ decision: 'refuse', rule: 'large', bundle: now });
    expect(records[2].verdict.reasons).toEqual([
      expect.stringContaining('approved, but'),
      expect.stringContaining('treasury desk'),
    ]);
    await publishApproved(it_, { bundle: first });
  });
});

describe('a policy that is a program, and does not end on some requests', () => {
  const business = readFileSync('test/policy/fixtures/business.wasm', 'base64');
  const withProgram = (content: string) => [
    ...policyFiles(),
    { path: 'business.wasm', text: content },
    {
      path: 'x.program.yaml',
      text: `policy: x.program\nsurfaces: [x.program]\nrules: [{ id: a, when: 'opa("business")', then: approve }]\n`,
    },
  ];
  const asks = (padding: number) => ({
    surface: 'x.program',
    action: 'go',
    actor: { id: 'agent:a', type: 'agent' },
    params: { amount: 5, padding: 'x'.repeat(padding) },
  });

  /** On a busy machine the first answer may be that it is not judged yet: the same key asks for the same action. */
  const judgedAtLast = (body: object) => {
    const key = crypto.randomUUID();
    return eventually('it is judged', async () => {
      const answer = await it_.ask(body, { key });
      return answer.status === 503 ? undefined : answer;
    });
  };

  it('refuses those alone, seals why, and stops nobody else', async () => {
    expect((await publishApproved(it_, { files: withProgram(loopingProgram(business, 2000)) })).status).toBe(
      'executed',
    );
    expect((await it_.ask(asks(1))).status).toBe(200);
    const [heavy, ...others] = await Promise.all([
      judgedAtLast(asks(3000)),
      it_.ask(refund(11)),
      it_.ask(refund(12)),
      it_.call('POST', '/v1/evaluate', refund(13)),
    ]);
    expect(others.map(({ status }) => status)).toEqual([200, 200, 200]);
    expect([heavy.status, heavy.body.action.verdict]).toMatchObject([403, { decision: 'refuse', basis: 'error' }]);
    expect(heavy.body.action.verdict.reasons).toEqual([
      'the opa policy `business` gives no answer: it takes longer, or more memory, than a policy may',
    ]);
    const replayed = await it_.call('GET', `/v1/records/${heavy.body.action.records[0]}/replay`);
    expect(replayed.body).toMatchObject({ same: true });
    expect((await it_.call('POST', '/v1/evaluate', asks(3000))).body.verdict).toMatchObject({ basis: 'error' });
    expect((await it_.ask(asks(2))).status).toBe(200);
  });

  it('is no candidate when it does not end on an action that was recorded, which is named', async () => {
    const recorded = await it_.ask(asks(1500));
    const answer = await publish(it_, { files: withProgram(loopingProgram(business, 1000)) });
    expect([answer.status, answer.body.code]).toEqual([422, 'invalid-policy']);
    expect(answer.body.detail).toContain(`the sealed action ${recorded.body.id}`);
    expect((await it_.ask(refund(14))).status).toBe(200);
  });

  it('is replaced like any other', async () => {
    expect((await publishApproved(it_, { files: policyFiles() })).status).toBe('executed');
  });
});

describe('who may publish', () => {
  const guarded = (rules: string) =>
    edited(
      'countersign.policy.yaml',
      `  - id: publish\n    when: 'true'`,
      `${rules}  - id: publish\n    when: 'true'`,
    ).filter(({ path }) => path !== 'countersign.policy.test.yaml');
  const byDuty = async (files: object[]) =>
    it_.call(
      'POST',
      '/v1/policies',
      { files, reason: 'a test' },
      { token: await it_.person('user:duty-manager@acme.test'), headers: { 'idempotency-key': crypto.randomUUID() } },
    );
  const UNREADABLE = [{ path: 'x.yaml', text: '{' }];

  it('is asked of the policy in force before the candidate is read', async () => {
    expect((await byDuty(UNREADABLE)).body.code).toBe('invalid-policy');
    const rule = `  - { id: risk-proposes, when: "!('risk' in actor.groups)", then: refuse, because: Only risk proposes policy. }\n`;
    expect((await publishApproved(it_, { files: guarded(rule) })).status).toBe('executed');
    const answer = await byDuty(UNREADABLE);
    expect([answer.status, answer.body.code]).toEqual([403, 'forbidden']);
    expect(answer.body.detail).toContain('Only risk proposes policy.');
  });
});
