/** Drills: planted requests look like any other, and nothing of them is ever released, counted or held against anybody. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { drillChangeOf, drillCommitment } from '../../src/sealing/index.ts';
import { openEmbeddedPostgres, type EmbeddedPostgres } from '../../src/store/index.ts';
import { countersign } from '../cli/harness.ts';
import { eventually } from '../support/eventually.ts';
import { policiesFolder } from '../support/policies.ts';
import { CFO, LEAD, REFUND, startTestStack, type TestStack } from '../support/stack.ts';
import { tamper } from '../support/tamper.ts';

const policy = (surface: string, stages: string) => `policy: ${surface}
surfaces: [${surface}]
limits: { often: { key: [surface], count: true, window: 24h, max: 3 } }
rules:
  - { id: small, when: params.amount <= 10, then: approve }
  - { id: full, when: '!limit("often").fits', then: refuse }
  - { id: medium, when: 'true', then: supervise, approval: { stages: ${stages} } }
disclose: [params.amount, params.currency, resource.id]
show: []
effect: { kind: compensable, same: [resource.id] }
grants: { upTo: 2000, uses: 20, within: 12h }
notify: ['#finance-approvals']
`;
const ONE = "[{ name: finance, approvers: ['group:finance'] }]";
const TWO =
  "[{ name: finance, approvers: ['group:finance'], quorum: 2 }, { name: cfo, approvers: ['user:cfo@acme.test'] }]";

let folder: ReturnType<typeof policiesFolder>;
const databaseDir = mkdtempSync(join(tmpdir(), 'countersign-drills-'));
let postgres: EmbeddedPostgres;
let it_: TestStack;
beforeAll(async () => {
  postgres = await openEmbeddedPostgres({ dataDir: databaseDir });
  folder = policiesFolder({
    'test.one.yaml': policy('test.one', ONE),
    'test.two.yaml': policy('test.two', TWO),
    'test.full.yaml': policy('test.full', ONE),
  });
  it_ = await startTestStack({ COUNTERSIGN_POLICIES: folder.path, DATABASE_URL: postgres.connectionString });
});
afterAll(async () => {
  await it_.stop();
  await postgres.stop();
  rmSync(databaseDir, { recursive: true, force: true });
  folder.remove();
});

const MISSED = 'the account is not the customer’s';
let order = 0;
const requestOn = (surface: string, amount = 150, id = `ord_d${String((order += 1))}`) => ({
  ...{ ...REFUND, surface },
  ...{ resource: { type: 'order', id }, params: { amount, currency: 'USD' } },
});
/** A busy machine may be late with a verdict: then another one is planted. */
const plant = (surface: string, request: object = requestOn(surface)): Promise<string> =>
  eventually('a drill is planted', async () => {
    const { status, body } = await it_.call('POST', '/v1/drills', { request, missed: MISSED });
    if (status === 503) return undefined;
    expect([status, body.code]).toEqual([201, undefined]);
    return body.action as string;
  });
const decide = async (id: string, decision: object, person = LEAD) =>
  it_.call('POST', `/v1/actions/${id}/decisions`, decision, { token: await it_.person(person) });
const recordsOf = async (id: string): Promise<{ type: string; body: { end?: string } }[]> =>
  (await it_.call('GET', `/v1/records?action=${id}&limit=50`)).body.records.map(
    ({ record }: { record: unknown }) => record,
  );
const report = async () => (await it_.call('GET', '/v1/drills')).body;

describe('a drill', () => {
  it('looks like any other request, and whoever approves it is told at once what they missed', async () => {
    const real = (await it_.ask(requestOn('test.one'))).body;
    const id = await plant('test.one');
    const seen = (await it_.call('GET', `/v1/actions/${id}`, undefined, { token: await it_.person(LEAD) })).body;
    expect(Object.keys(seen).sort()).toEqual(
      Object.keys(
        (await it_.call('GET', `/v1/actions/${real.id}`, undefined, { token: await it_.person(LEAD) })).body,
      ).sort(),
    );
    expect(JSON.stringify(seen)).not.toContain('drill');
    const [mine, theirs] = await Promise.all([recordsOf(id), recordsOf(real.id)]);
    expect(mine.map((record) => Object.keys(record).sort())).toEqual(
      theirs.map((record) => Object.keys(record).sort()),
    );
    expect((await report()).drills.map(({ action }: { action: string }) => action)).not.toContain(id);

    const answer = await decide(id, { decision: 'approve' });
    const { body } =
      answer.status === 503
        ? await eventually('the drill is over', async () => {
            const now = await it_.call('GET', `/v1/actions/${id}`);
            return now.body.status === 'supervised' ? undefined : now;
          })
        : answer;
    expect(body).toMatchObject({ status: 'refused', permit: null });
    expect(body.verdict.reasons.join()).toContain(MISSED);
    await it_.sandbox.control.waitFor(
      () => JSON.stringify(it_.sandbox.control.messages('finance-approvals')).includes(MISSED),
      30_000,
    );
    const { drills, detection } = await report();
    expect(drills[0]).toMatchObject({ action: id, end: 'missed', person: LEAD, surface: 'test.one', missed: MISSED });
    expect(detection).toContainEqual({ person: LEAD, surface: 'test.one', caught: 0, missed: 1, rate: 0 });
  });

  it('is committed to before it is asked, and opened for anybody when it is over', async () => {
    const id = await plant('test.two');
    await decide(id, { decision: 'approve' });
    const opened = await eventually(
      'it is over',
      async () => (await it_.call('GET', `/v1/records?action=${id}&type=drill`)).body.records[0]?.record,
    );
    const change = drillChangeOf(opened);
    expect(change).toMatchObject({ state: 'opened', end: 'missed', action: id });
    if (change?.state !== 'opened') return;
    const planted = (await it_.call('GET', `/v1/records/${change.planted}`)).body.record;
    expect(planted.body.commitment).toBe(drillCommitment(change));
    expect(JSON.stringify(planted)).not.toContain(id);
    expect(planted.at <= opened.at).toBe(true);
  });

  it('takes nothing of a limit, is no precedent, and its no stands against nobody', async () => {
    const id = 'ord_full';
    for (let i = 0; i < 4; i += 1) {
      const drill = await plant('test.full', requestOn('test.full', 150, id));
      await decide(drill, { decision: 'refuse', reason: 'not theirs' });
      await eventually('it is over', async () =>
        (await recordsOf(drill)).some(({ type }) => type === 'drill') ? true : undefined,
      );
    }
    const real = (await it_.ask(requestOn('test.full', 150, id))).body;
    expect(real.status).toBe('supervised');
    const { body } = await it_.call('GET', `/v1/actions/${real.id}/whole`, undefined, {
      token: await it_.person(LEAD),
    });
    expect(body.whole.decisions).toEqual([]);
    const precedents = await it_.stack.parts.store.records.precedents(
      'default',
      { surface: 'test.full', except: real.id },
      new Date(0).toISOString(),
    );
    expect(precedents).toEqual({ approved: 0, refused: 0 });
    const { actions } = (await it_.call('GET', '/v1/actions?surface=test.full')).body;
    expect(actions.map(({ id: one }: { id: string }) => one)).toEqual([real.id]);
    const { detection } = await report();
    expect(detection).toContainEqual({ person: LEAD, surface: 'test.full', caught: 4, missed: 0, rate: 1 });
  });

  it('is planted by owners alone, where somebody would be asked, and without what it could reach', async () => {
    const codes = async (request: object, token?: string) => {
      const body = { request, missed: MISSED };
      const { status, body: answer } = await it_.call('POST', '/v1/drills', body, token === undefined ? {} : { token });
      return [status, answer.code];
    };
    expect(await codes(requestOn('test.one'), await it_.person(LEAD))).toEqual([403, 'forbidden']);
    expect(await codes(requestOn('test.one', 5))).toEqual([409, 'conflict']);
    expect(await codes({ ...requestOn('test.one'), callback: 'https://a.test/' })).toEqual([400, 'invalid-request']);
    expect(await codes({ ...requestOn('test.one'), surface: 'countersign.policy' })).toEqual([400, 'invalid-request']);
    expect((await it_.call('GET', '/v1/drills', undefined, { token: await it_.person(LEAD) })).status).toBe(403);
  });

  it('yields no permit through any door, in any order', async () => {
    const doors: Record<string, (id: string) => Promise<unknown>> = {
      approve: (id) => decide(id, { decision: 'approve' }),
      cfo: (id) => decide(id, { decision: 'approve' }, CFO),
      granting: (id) =>
        decide(id, { decision: 'approve', grant: { until: new Date(Date.now() + 3_600_000).toISOString() } }),
      refuse: (id) => decide(id, { decision: 'refuse', reason: 'no' }),
      permit: (id) => it_.call('POST', `/v1/actions/${id}/permit`, {}),
      redeem: async (id) => {
        const { permit } = (await it_.call('GET', `/v1/actions/${id}`)).body;
        return it_.call('POST', '/v1/permits/redeem', { permit: permit ?? 'none' });
      },
      outcome: (id) => it_.call('POST', `/v1/actions/${id}/outcome`, { permit: 'none', status: 'executed' }),
      edit: (id) =>
        tamper(
          postgres.connectionString,
          `update action set view = replace(view::text, '"supervised"', '"released"')::jsonb where id = $1`,
          [id],
        ),
      cancel: (id) => it_.call('POST', `/v1/actions/${id}/cancel`, {}),
    };
    const names = fc.array(fc.constantFrom(...Object.keys(doors)), { minLength: 1, maxLength: 5 });
    await fc.assert(
      fc.asyncProperty(fc.constantFrom('test.one', 'test.two'), names, async (surface, through) => {
        const id = await plant(surface);
        for (const name of through) await doors[name]?.(id);
        const { body } = await it_.call('GET', `/v1/actions/${id}`);
        expect(body.permit ?? null).toBeNull();
        expect((await recordsOf(id)).map(({ type }) => type)).not.toContain('release');
      }),
      { numRuns: 12 },
    );
    expect((await it_.call('GET', '/v1/grants')).body.grants).toEqual([]);
  });

  it('is planted and reported on the command line', async () => {
    const env = { COUNTERSIGN_URL: it_.url, COUNTERSIGN_API_KEY: it_.stack.firstKey ?? '' };
    const input = JSON.stringify(requestOn('test.one'));
    const planted = await countersign(['drill', 'plant', '-', '--missed', MISSED], { env, input });
    expect(planted.out.trim()).toMatch(/^act_[0-9a-f]{64}$/);
    await decide(planted.out.trim(), { decision: 'refuse', reason: 'no' });
    const said = await countersign(['drill', 'report'], { env });
    expect(said.out).toContain(`${planted.out.trim()}  caught by ${LEAD}`);
  });
});
