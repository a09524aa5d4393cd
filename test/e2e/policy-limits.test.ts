import { mkdtempSync, rmSync } from 'node:fs';
import { randomUUID } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startApi, type RunningService } from '../../src/main/api.ts';
import { loadConfig } from '../../src/main/config.ts';
import { startWorker } from '../../src/main/worker.ts';
import type { EmbeddedPostgres } from '../../src/store/index.ts';
import { eventually } from '../support/eventually.ts';
import { decide, policiesFolder } from '../support/policies.ts';
import { CFO, LEAD, startTestStack, type Answer, type TestStack } from '../support/stack.ts';
import { openTestPostgres } from '../support/cluster.ts';

const rule = (id: string, when: string, more: string): string => `  - { id: ${id}, when: '${when}', ${more} }\n`;
const FINANCE = 'approval: { stages: [{ name: finance, approvers: ["group:finance"] }]';
const POLICIES = {
  'race.count.yaml': `policy: race.count
surfaces: [race.count]
limits: { fifty: { key: [params.pool], count: true, window: 1h, max: 50 } }
rules:
${rule('fits', 'limit("fifty").fits', 'then: approve')}`,
  'race.sum.yaml': `policy: race.sum
surfaces: [race.sum]
requires: [params.amount]
decimals: [params.amount]
limits: { five: { key: [params.pool], sum: params.amount, window: 1h, max: 5 } }
rules:
${rule('fits', 'limit("five").fits', 'then: approve')}`,
  'one.yaml': `policy: one
refusalStands: 0
surfaces: [one.direct, one.parked, one.brief]
limits: { one: { key: [params.pool], count: true, window: 1h, max: 1 } }
outcome: { within: 1h }
rules:
${rule('full', '!limit("one").fits', 'then: refuse')}${rule('brief', 'surface == "one.brief"', `then: supervise, ${FINANCE}, expires: 1s }`)}${rule('parked', 'surface == "one.parked"', `then: supervise, ${FINANCE} }`)}${rule('direct', 'true', 'then: approve')}`,
  'watched.yaml': `policy: watched
surfaces: [watched]
mode: observe
limits: { one: { key: [params.pool], count: true, window: 1h, max: 1 } }
rules:
${rule('fits', 'limit("one").fits', 'then: approve')}${rule('full', 'true', 'then: refuse, because: One is enough.')}`,
};

let postgres: EmbeddedPostgres;
let it_: TestStack;
const others: RunningService[] = [];
const folder = policiesFolder(POLICIES);
const pgDir = mkdtempSync(join(tmpdir(), 'countersign-pg-'));

/** One stack all in one, an API of its own and two more workers, on one PostgreSQL and one Temporal. */
beforeAll(async () => {
  postgres = await openTestPostgres({ dataDir: pgDir });
  const env = {
    DATABASE_URL: postgres.connectionString,
    COUNTERSIGN_POLICIES: folder.path,
    COUNTERSIGN_REQUESTS_PER_MINUTE: '100000',
  };
  it_ = await startTestStack(env);
  const config = loadConfig({
    ...env,
    COUNTERSIGN_PORT: '0',
    COUNTERSIGN_DATA: it_.dataDir,
    TEMPORAL_ADDRESS: it_.stack.temporal.address,
    TEMPORAL_NAMESPACE: it_.stack.temporal.namespace,
  });
  const io = { out: () => undefined };
  others.push(await startApi(config, io), await startWorker(config, io), await startWorker(config, io));
});
afterAll(async () => {
  await Promise.all(others.map((one) => one.stop()));
  await it_.stop();
  await postgres.stop();
  rmSync(pgDir, { recursive: true, force: true });
  folder.remove();
});

const request = (surface: string, pool: string, params: object = {}): object => ({
  surface,
  action: 'take',
  actor: { id: 'agent:racer', type: 'agent' },
  params: { pool, ...params },
});

/** Posts through the all-in-one stack and through the API beside it, in turn; asks again where an answer says so. */
async function ask(body: object, n = 0): Promise<Answer> {
  const url = n % 2 === 0 ? it_.url : (others[0]?.url ?? it_.url);
  const headers = {
    authorization: `Bearer ${it_.stack.firstKey}`,
    'content-type': 'application/json',
    'idempotency-key': randomUUID(),
  };
  return eventually('it is judged', async () => {
    const response = await fetch(`${url}/v1/actions`, { method: 'POST', headers, body: JSON.stringify(body) });
    const answer = { status: response.status, body: await response.json(), headers: response.headers };
    return answer.status === 503 ? undefined : answer;
  });
}

describe('200 actions at once against a limit that admits 50', () => {
  it.each<[string, string, (i: number) => object]>([
    ['a count', 'race.count', () => ({})],
    // Fifty times 0.1 is exactly 5, which doubles would not add up to; every other one comes as text.
    ['an exact sum', 'race.sum', (i) => ({ amount: i % 2 === 0 ? 0.1 : '0.10' })],
  ])('%s: exactly 50 pass, in three workers', async (_, surface, params) => {
    const pool = randomUUID();
    const answers = await Promise.all(
      Array.from({ length: 200 }, (__, i) => ask(request(surface, pool, params(i)), i)),
    );
    const passed = answers.filter(({ status }) => status === 200);
    const refused = answers.filter(({ status }) => status === 403);
    expect([passed.length, refused.length]).toEqual([50, 150]);
    for (const { body } of refused) expect(body.action.verdict).toMatchObject({ decision: 'refuse', basis: 'limit' });
    for (const { body } of passed) expect(body.permit).not.toBeNull();
  });
});

describe('what an action holds of a limit', () => {
  const end = async (id: string, permit: string, status: string): Promise<void> => {
    if (status !== 'skipped') expect((await it_.call('POST', '/v1/permits/redeem', { permit })).status).toBe(200);
    expect((await it_.call('POST', `/v1/actions/${id}/outcome`, { permit, status })).status).toBe(200);
  };
  type Ending = (id: string, permit: string) => Promise<unknown>;
  it.each<[string, string, boolean, Ending]>([
    [
      'given back when it is refused',
      'one.parked',
      true,
      (id) => decide(it_, id, { decision: 'refuse', reason: 'no' }, CFO),
    ],
    ['given back when it expires', 'one.brief', true, (id) => it_.call('GET', `/v1/actions/${id}?wait=30`)],
    ['given back when it is cancelled', 'one.parked', true, (id) => it_.call('POST', `/v1/actions/${id}/cancel`)],
    ['given back when it fails', 'one.direct', true, (id, permit) => end(id, permit, 'failed')],
    ['given back when it is skipped', 'one.direct', true, (id, permit) => end(id, permit, 'skipped')],
    ['kept while it waits', 'one.parked', false, () => Promise.resolve()],
    ['kept when it is executed', 'one.direct', false, (id, permit) => end(id, permit, 'executed')],
    ['kept when it is released', 'one.parked', false, (id) => decide(it_, id, { decision: 'approve' }, LEAD)],
  ])('is %s', async (_, surface, returned, ending) => {
    const pool = randomUUID();
    const first = await ask(request(surface, pool));
    expect([200, 202]).toContain(first.status);
    const second = await ask(request('one.direct', pool));
    expect([second.status, second.body.action.verdict.basis]).toEqual([403, 'limit']);
    await ending(first.body.id, first.body.permit);
    const third = await ask(request('one.direct', pool));
    expect(third.status).toBe(returned ? 200 : 403);
  });

  it('is not taken by what was refused', async () => {
    const pool = randomUUID();
    const refused = await ask({ ...request('one.direct', pool), context: { folder: '/x', urgency: 'normal' } });
    expect(refused.status).toBe(200);
    for (let i = 0; i < 3; i++) expect((await ask(request('one.direct', pool))).status).toBe(403);
    await end(refused.body.id, refused.body.permit, 'failed');
    expect((await ask(request('one.direct', pool))).status).toBe(200);
  });

  it('counts for an observing policy, which releases all the same and seals what it would have said', async () => {
    const pool = randomUUID();
    const within = await ask(request('watched', pool));
    const beyond = await ask(request('watched', pool));
    expect([within.status, beyond.status]).toEqual([200, 200]);
    const [verdict, release] = await Promise.all(
      beyond.body.records.map(async (hash: string) => (await it_.call('GET', `/v1/records/${hash}`)).body.record),
    );
    expect(verdict.verdict).toMatchObject({ decision: 'approve', mode: 'observe' });
    expect(verdict.observed).toMatchObject({ decision: 'refuse', rule: 'full', mode: 'observe' });
    expect(release).toMatchObject({ type: 'release', basis: 'observe' });
    await end(within.body.id, within.body.permit, 'failed');
    const again = await ask(request('watched', pool));
    const first = (await it_.call('GET', `/v1/records/${again.body.records[0]}`)).body.record;
    expect(first.observed).toMatchObject({ decision: 'approve' });
  });
});
