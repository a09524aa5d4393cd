/**
 * Records name many people by a hash of their list: each of them may decide, and finds what waits. What never fits into the log all the same
 * is refused once, with a record that says so; it is not tried for ever, and not forgotten.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { EmbeddedPostgres } from '../../src/store/index.ts';
import { peopleEntry } from '../../src/sealing/index.ts';
import { countersign } from '../cli/harness.ts';
import { openTestPostgres } from '../support/cluster.ts';
import { eventually } from '../support/eventually.ts';
import { decide, policiesFolder } from '../support/policies.ts';
import { startTestStack, type Answer, type TestStack } from '../support/stack.ts';
import { tamper } from '../support/tamper.ts';

const members = (count: number, group: string): string[] =>
  Array.from({ length: count }, (_, n) => `user:${group}-${n}@acme.test`);
const crowd = (count: number, group: string): string =>
  members(count, group)
    .map((id) => `  - { id: "${id}", name: "${id.slice(5)}", groups: [${group}] }`)
    .join('\n');
const asks = (surface: string, refs: string, more = ''): string => `policy: ${surface}
surfaces: [${surface}]
limits: { ten: { key: [params.team], sum: params.amount, window: 24h, max: 10 } }
rules:
  - id: all
    when: limit("ten").fits
    then: supervise
    approval: { stages: [{ name: everybody, approvers: [${refs}]${more} }] }
notify: ["#finance-approvals"]
disclose: [params.amount]`;
/** Policies of one surface, each with a stage of its own: together they take more than an entry of the log has. */
const STAGES = Object.fromEntries(
  Array.from({ length: 100 }, (_, n) => [
    `stage-${n}.yaml`,
    asks(`stage-${n}`, '"group:few"').replace(`[stage-${n}]`, '[stages]'),
  ]),
);

/** A text that an approver may change, shown in the record or only committed to. */
const changes = (surface: string, disclosed: string): string => `policy: ${surface}
surfaces: [${surface}]
rules:
  - id: all
    when: 'true'
    then: supervise
    approval: { stages: [{ name: one, approvers: ["group:few"] }], mayChange: [params.note] }
show: [params.note]
disclose: [${disclosed}]`;

const folder = policiesFolder({
  'note.shown.yaml': changes('note.shown', 'params.note'),
  'note.hidden.yaml': changes('note.hidden', 'params.amount'),
  'many.yaml': asks('many', '"group:many"'),
  'thousands.yaml': asks('thousands', '"group:thousands"'),
  'twice.yaml': asks('twice', '"group:few", "group:half"', ', quorum: 2'),
  'few.yaml': asks('few', '"group:few"').replace('surfaces: [few]', 'surfaces: [few, stages]'),
  ...STAGES,
  'directory.yaml': `people:
${crowd(1002, 'many')}
${crowd(5000, 'thousands')}
${crowd(700, 'half')}
${crowd(600, 'few')}
`,
});
const databaseDir = mkdtempSync(join(tmpdir(), 'countersign-crowd-'));
let postgres: EmbeddedPostgres;
let it_: TestStack;

beforeAll(async () => {
  postgres = await openTestPostgres({ dataDir: databaseDir });
  it_ = await startTestStack({ COUNTERSIGN_POLICIES: folder.path, DATABASE_URL: postgres.connectionString });
});
afterAll(async () => {
  await it_.stop();
  await postgres.stop();
  folder.remove();
  rmSync(databaseDir, { recursive: true, force: true });
});

let asked = 0;
const request = (surface: string): object => ({
  surface,
  action: 'go',
  actor: { id: `agent:asker-${(asked += 1)}`, type: 'agent' },
  params: { amount: 10, team: `team-${asked}` },
});
/** A busy machine may take longer to judge by a hundred policies than a caller waits. */
const judged = (body: object, key: string): Promise<Answer> =>
  eventually('it is judged', async () => {
    const answer = await it_.ask(body, { key });
    return answer.status === 503 ? undefined : answer;
  });
const recordsOf = async (id: string): Promise<Record<string, never>[]> => {
  const { body } = await it_.call('GET', `/v1/actions/${id}`);
  const found = await Promise.all(body.records.map((hash: string) => it_.call('GET', `/v1/records/${hash}`)));
  return found.map((one) => one.body.record);
};

describe('more people than stand in a record', () => {
  it.each([
    ['many', members(1002, 'many'), 1],
    ['thousands', members(5000, 'thousands'), 1],
    ['twice', [...members(600, 'few'), ...members(700, 'half')], 2],
  ] as const)('%s: are asked, any of them decides, and the record proves it', async (surface, people, quorum) => {
    const parked = await it_.ask(request(surface));
    expect([parked.status, parked.body.status]).toEqual([202, 'supervised']);
    const { id } = parked.body;
    const [stage] = parked.body.approval.stages;
    expect(new Set(stage.approvers)).toEqual(new Set(people));
    const last = people.slice(-quorum);
    for (const person of last) {
      const inbox = await it_.call('GET', '/v1/inbox', undefined, { token: await it_.person(person) });
      expect(inbox.body.items.map((item: { id: string }) => item.id)).toContain(id);
      const list = await it_.call('GET', '/v1/actions?status=supervised', undefined, {
        token: await it_.person(person),
      });
      expect(list.body.actions.map((item: { id: string }) => item.id)).toContain(id);
      const decided = await decide(it_, id, { decision: 'approve', reason: 'looked at it' }, person);
      expect(decided.status, JSON.stringify(decided.body)).toBe(200);
    }
    expect((await it_.call('GET', `/v1/actions/${id}?wait=20`)).body.status).toBe('released');
    const [verdict, ...rest] = await recordsOf(id);
    expect(verdict).toMatchObject({ plan: { stages: [{ approvers: [peopleEntry(people)] }] } });
    const words = rest.filter(({ type }) => type === 'decision');
    expect(words.map(({ by }) => by)).toEqual(last);
    for (const word of words)
      expect(word).toMatchObject({ membership: { index: expect.any(Number), path: expect.any(Array) } });
  });

  it('are nobody else, and a refusal names few of them', async () => {
    const { id } = (await it_.ask(request('many'))).body;
    const stranger = await decide(it_, id, { decision: 'approve', reason: 'x' }, 'user:half-1@acme.test');
    expect([stranger.status, stranger.body.code]).toEqual([403, 'not-an-approver']);
    expect(JSON.stringify(stranger.body).length).toBeLessThan(2000);
  });

  it('are taken away with an archive that is checked offline, and every list with it', async () => {
    const out = mkdtempSync(join(tmpdir(), 'countersign-crowd-archive-'));
    const keys = ['--key', join(out, 'record-keys.jwks.json'), '--log-key', join(out, 'log.vkey')];
    expect((await countersign(['keys', 'export', '--url', it_.url, '--out', out])).code).toBe(0);
    const archive = join(out, 'all.tar.gz');
    const response = await fetch(`${it_.url}/v1/export?format=bundle`, {
      headers: { authorization: `Bearer ${it_.stack.firstKey ?? ''}` },
    });
    expect(response.status).toBe(200);
    writeFileSync(archive, Buffer.from(await response.arrayBuffer()));
    const verified = await countersign(['verify', archive, ...keys, '--json']);
    expect(verified.code, verified.out + verified.err).toBe(0);
    rmSync(out, { recursive: true, force: true });
  });

  it.each<[string, string]>([
    ['altered', `update people_list set people = people || '["user:half-1@acme.test"]'`],
    ['gone', 'delete from people_list'],
  ])('decide nothing while their list is %s', async (_how, statement) => {
    const { id } = (await it_.ask(request('many'))).body;
    await tamper(postgres.connectionString, 'create table people_before as table people_list');
    await tamper(postgres.connectionString, statement);
    for (const person of ['user:many-1@acme.test', 'user:half-1@acme.test']) {
      const refused = await decide(it_, id, { decision: 'approve', reason: 'x' }, person);
      expect(refused.status).toBeGreaterThanOrEqual(400);
    }
    await tamper(postgres.connectionString, 'delete from people_list');
    await tamper(postgres.connectionString, 'insert into people_list table people_before');
    await tamper(postgres.connectionString, 'drop table people_before');
    const decided = await decide(it_, id, { decision: 'approve', reason: 'x' }, 'user:many-1@acme.test');
    expect(decided.status, JSON.stringify(decided.body)).toBe(200);
  });
});

describe('what does not fit all the same', () => {
  it('is refused, sealed, and answered alike again', async () => {
    const key = 'too-large';
    const body = request('stages');
    const first = await judged(body, key);
    expect([first.status, first.body.action.verdict]).toMatchObject([403, { decision: 'refuse', basis: 'error' }]);
    expect(first.body.action.verdict.reasons[0]).toContain('cannot be sealed');
    const again = await judged(body, key);
    expect([again.status, again.body.action.records]).toEqual([403, first.body.action.records]);
    const { record } = (await it_.call('GET', `/v1/records/${first.body.action.records[0]}`)).body;
    expect(record).toMatchObject({ type: 'verdict', verdict: { basis: 'error' }, facts: { people: {} } });
  });

  it('takes nothing of a limit', async () => {
    const shared = request('few');
    const large = await judged({ ...shared, surface: 'stages' }, 'large');
    expect(large.body.action.verdict.basis).toBe('error');
    const { body } = await it_.ask(shared);
    expect(body.status).toBe('supervised');
  });

  it.each([
    ['note.hidden', 200, undefined, 'released'],
    ['note.shown', 413, 'body-too-large', 'supervised'],
  ])('nor may an approver’s text of 49,000 characters, once: %s', async (surface, status, code, stands) => {
    const question = { ...request('few'), surface, params: { amount: 1, note: 'short' } };
    const { id } = (await judged(question, `changes ${surface}`)).body as { id: string };
    const word = { decision: 'approve', reason: 'longer', changes: { 'params.note': 'x'.repeat(49_000) } };
    const token = await it_.person(members(1, 'few')[0] ?? '');
    const answer = await it_.call('POST', `/v1/actions/${id}/decisions`, word, { token });
    expect([answer.status, answer.body.code]).toEqual([status, code]);
    expect((await it_.call('GET', `/v1/actions/${id}`)).body.status).toBe(stands);
  });
});
