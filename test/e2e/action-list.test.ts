/** `GET /v1/actions`: found by every filter, each only by whom it is theirs to see, and equal to what the records say. */
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { strFromU8, unzipSync } from 'fflate';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { lotOf } from '../../src/audit/index.ts';
import type { EmbeddedPostgres } from '../../src/store/index.ts';
import { countersign } from '../cli/harness.ts';
import { axe, launchBrowser } from '../support/browser.ts';
import { windowOf } from '../support/signed-in.ts';
import { CFO, LEAD, REFUND, refund, startTestStack, type TestStack } from '../support/stack.ts';
import { tamper } from '../support/tamper.ts';
import { openTestPostgres } from '../support/cluster.ts';

const databaseDir = mkdtempSync(join(tmpdir(), 'countersign-list-'));
let postgres: EmbeddedPostgres;
let stack: TestStack;
let released: string;
let overridden: string;
let refused: string;
let parked: string;
const REQUESTER = REFUND.actor.onBehalfOf.id;

beforeAll(async () => {
  postgres = await openTestPostgres({ dataDir: databaseDir });
  stack = await startTestStack({ DATABASE_URL: postgres.connectionString });
  released = (await stack.ask(refund(42))).body.id;
  overridden = (await stack.ask(refund(420))).body.id;
  const decision = { decision: 'approve', reason: 'matches the order', changes: { 'params.amount': 400 } };
  const token = await stack.person(LEAD);
  expect((await stack.call('POST', `/v1/actions/${overridden}/decisions`, decision, { token })).status).toBe(200);
  refused = (await stack.ask(refund(5000))).body.action.id;
  parked = (await stack.ask(refund(500))).body.id;
});
afterAll(async () => {
  await stack.stop();
  await postgres.stop();
  rmSync(databaseDir, { recursive: true, force: true });
});

const list = (query: string, token?: string) =>
  stack.call('GET', `/v1/actions${query}`, undefined, token === undefined ? {} : { token });
const idsOf = async (query: string, token?: string): Promise<string[]> => {
  const { status, body } = await list(query, token);
  expect(status, JSON.stringify(body)).toBe(200);
  return body.actions.map(({ id }: { id: string }) => id);
};

describe('is found', () => {
  it.each([
    ['?status=released&basis=rule', () => [released]],
    ['?basis=override', () => [overridden]],
    ['?status=refused&actor=agent:support-bot', () => [refused]],
    ['?status=supervised', () => [parked]],
    [`?approver=${LEAD}`, () => [overridden]],
    [`?requester=${REQUESTER}&surface=payments.refund&amountFrom=400&amountTo=450`, () => [overridden]],
    ['?q=MATCHES%20the&via=api', () => [overridden]],
    [`?sort=amount&surface=payments.refund&currency=USD`, () => [released, overridden, parked, refused]],
    [`?sort=-amount&limit=2`, () => [refused, parked]],
    ['?surface=deploy.prod', () => []],
  ])('by %s', async (query, expected) => {
    expect(await idsOf(query)).toEqual(expected());
  });

  it('by the beginning of its id', async () => {
    expect(await idsOf(`?q=${parked.slice(0, 20)}`)).toEqual([parked]);
  });

  it('newest first, page by page, each once', async () => {
    const seen: string[] = [];
    for (let cursor = ''; ;) {
      const { body } = await list(`?surface=payments.refund&limit=1${cursor}`);
      seen.push(...body.actions.map(({ id }: { id: string }) => id));
      if (body.next_cursor === null) break;
      cursor = `&cursor=${body.next_cursor}`;
    }
    expect(seen).toEqual([parked, refused, overridden, released]);
  });

  it('with the amounts at each stage, how many there are, and how far the log was read', async () => {
    const { body } = await list('?basis=override');
    expect(body.actions[0]).toMatchObject({
      ...{ status: 'released', releaseBasis: 'override', approver: LEAD, changed: true, currency: 'USD' },
      amounts: { asked: '420.00', approved: '400.00', released: '400.00', executed: null },
    });
    expect(body.count).toEqual({ atLeast: 1, exact: true });
    expect(body.asOf.size).toBe(body.asOf.logSize);
  });

  it('and counted by field', async () => {
    const { body } = await stack.call('GET', '/v1/actions/facets?surface=payments.refund');
    expect(body.facets.status).toEqual([
      { value: 'released', count: 2 },
      { value: 'refused', count: 1 },
      { value: 'supervised', count: 1 },
    ]);
    expect(body.facets.approver).toEqual([{ value: LEAD, count: 1 }]);
    expect(body.facets.actor).toEqual([{ value: 'agent:support-bot', count: 4 }]);
    expect(body.facets.requester).toEqual([{ value: 'user:requester@acme.test', count: 4 }]);
  });
});

describe('is not asked for wrongly', () => {
  it.each([
    '?colour=red',
    '?status=open',
    '?basis=money',
    '?mode=off',
    '?via=telephone',
    '?sort=size',
    '?q=ab',
    '?amountFrom=much',
    '?from=2026-11-31',
    '?cursor=bm90IG91cnM',
    '?limit=0',
  ])('by %s', async (query) => {
    const { status, body } = await list(query);
    expect([status, body.type]).toEqual([400, expect.stringMatching(/invalid-request$/)]);
  });
});

describe('is seen', () => {
  it('by people on its side, and by who may decide it', async () => {
    expect(await idsOf('', await stack.person(REQUESTER))).toEqual([parked, refused, overridden, released]);
    expect(await idsOf('', await stack.person(LEAD))).toEqual([parked, overridden]);
    expect(await idsOf('', await stack.person('user:duty-manager@acme.test'))).not.toContain(released);
    expect(await idsOf('?surface=payments.refund', await stack.person(CFO))).not.toContain(released);
  });

  it('by a key for its surface and actor, and by no other', async () => {
    const key = async (surfaces: string[], actors: string[]): Promise<string> =>
      (await stack.call('POST', '/v1/api-keys', { surfaces, actors })).body.key;
    expect(await idsOf('', await key(['payments.*'], ['agent:support-bot']))).toHaveLength(4);
    expect(await idsOf('', await key(['**'], ['agent:somebody-else']))).toEqual([]);
    expect(await idsOf('', await key(['payments'], ['*']))).toEqual([]);
    expect(await idsOf('', await key(['payments.refund.*'], ['*']))).toEqual([]);
    expect(await idsOf('', await key(['payments.**.refund'], ['*']))).toHaveLength(4);
  });
});

describe('an inbox', () => {
  const inbox = async (person: string, query = '') => {
    const { status, body } = await stack.call('GET', `/v1/inbox${query}`, undefined, {
      token: await stack.person(person),
    });
    expect(status, JSON.stringify(body)).toBe(200);
    return body;
  };

  it('says what waits for an approver, with the facts that are decided about', async () => {
    const { items, asOf, next_cursor } = await inbox(LEAD);
    expect(items).toEqual([
      expect.objectContaining({
        ...{ kind: 'decide', id: parked, status: 'supervised', surface: 'payments.refund', amount: '500.00 USD' },
        ...{ asDelegate: false, question: null, review: null },
        actor: expect.objectContaining({ id: 'agent:support-bot' }) as object,
        onBehalfOf: [expect.objectContaining({ id: REQUESTER }) as object],
        stages: [expect.objectContaining({ quorum: 1, state: 'open' }) as object],
      }),
    ]);
    expect(items[0].responsibility).not.toBe('');
    expect([next_cursor, asOf.size]).toEqual([null, asOf.logSize]);
    const cli = await countersign(['inbox', '--url', stack.url], {
      env: { COUNTERSIGN_API_KEY: await stack.person(LEAD) },
    });
    expect([cli.code, cli.out]).toEqual([0, expect.stringContaining(parked)]);
  });

  it('is read page by page, the first due first, and holds nothing of what was decided', async () => {
    const [second, third] = [(await stack.ask(refund(501))).body.id, (await stack.ask(refund(502))).body.id];
    const seen: string[] = [];
    for (let cursor = ''; ;) {
      const { items, next_cursor } = await inbox(CFO, `?limit=1${cursor}`);
      seen.push(...items.map(({ id }: { id: string }) => id));
      if (next_cursor === null) break;
      cursor = `&cursor=${next_cursor}`;
    }
    expect(seen).toEqual([parked, second, third]);
    expect((await inbox(CFO)).items[0].alike.map(({ action }: { action: string }) => action)).toEqual([second, third]);
    const token = await stack.person(LEAD);
    for (const id of [second, third]) {
      const refusal = { decision: 'refuse', reason: 'not ours' };
      expect((await stack.call('POST', `/v1/actions/${id}/decisions`, refusal, { token })).status).toBe(200);
    }
    expect((await inbox(CFO)).items.map(({ id }: { id: string }) => id)).toEqual([parked]);
    expect((await inbox(REQUESTER)).items).toEqual([]);
  });

  it('holds a question for who asked, and what a delegate decides', async () => {
    const token = await stack.person(LEAD);
    const { body } = await stack.ask(refund(503));
    const question = { decision: 'return', reason: 'which order?' };
    await stack.call('POST', `/v1/actions/${body.id}/decisions`, question, { token });
    expect((await inbox(REQUESTER)).items).toEqual([
      expect.objectContaining({
        ...{ kind: 'answer', id: body.id },
        question: expect.objectContaining({ by: LEAD, text: 'which order?' }) as object,
      }),
    ]);
    const until = new Date(Date.now() + 3_600_000).toISOString();
    const deputy = 'user:duty-manager@acme.test';
    const given = await stack.call('POST', '/v1/delegations', { to: deputy, surfaces: ['**'], until }, { token });
    expect(given.status, JSON.stringify(given.body)).toBe(201);
    expect((await inbox(deputy)).items).toEqual(
      [parked, body.id].map(
        (id: string) => expect.objectContaining({ id, kind: 'decide', asDelegate: true }) as object,
      ),
    );
    expect((await stack.call('POST', `/v1/actions/${body.id}/cancel`, undefined)).status).toBe(200);
    await stack.call('DELETE', `/v1/delegations/${given.body.id}`, undefined, { token });
    expect([(await inbox(REQUESTER)).items, (await inbox(deputy)).items]).toEqual([[], []]);
  });

  it('is a person’s: a key has none, and a made-up place in it is none', async () => {
    expect((await stack.call('GET', '/v1/inbox')).status).toBe(403);
    const token = await stack.person(LEAD);
    for (const query of ['?cursor=bm90IG91cnM', '?limit=0', '?colour=red'])
      expect((await stack.call('GET', `/v1/inbox${query}`, undefined, { token })).status).toBe(400);
  });
});

describe('the auditor', () => {
  it('is told what sixteen tests found, with their parameters', async () => {
    const { status, body } = await stack.call('GET', '/v1/findings?surface=payments.refund');
    const asked = (await list('?surface=payments.refund')).body.count.atLeast;
    expect([status, body.tests.length, body.actions, body.cut]).toEqual([200, 16, asked, false]);
    const split = await stack.call('GET', '/v1/findings?test=split-under-tier');
    expect(split.body.tests).toEqual([expect.objectContaining({ name: 'split-under-tier', findings: 0 })]);
    // Two more below the bound of 1,000, of the same human, within the hour: the policy in force says where it lies.
    const parts = [await stack.ask(refund(950)), await stack.ask(refund(960))].map(({ body: { id } }) => id as string);
    const found = await stack.call('GET', '/v1/findings?test=split-under-tier');
    expect(found.body.findings).toEqual([
      expect.objectContaining({
        test: 'split-under-tier',
        actions: expect.arrayContaining(parts) as string[],
        figures: expect.objectContaining({ tier: '1000' }) as object,
      }),
    ]);
  });

  it('answers a finding with words, which are sealed and stay beside it', async () => {
    const auditor = 'user:auditor@acme.test';
    const token = await stack.person(auditor);
    const [{ id, answers }] = (await stack.call('GET', '/v1/findings?test=split-under-tier')).body.findings;
    expect(answers).toEqual([]);
    const say = (body: object, by?: string) =>
      stack.call('POST', `/v1/findings/${id}/answers`, body, by === undefined ? {} : { token: by });
    const words = { conclusion: 'explained', reason: 'two orders of one customer, both returned' };
    expect((await say(words)).status).toBe(403);
    expect((await say(words, await stack.person(LEAD))).status).toBe(403);
    expect((await say({ conclusion: 'fine', reason: 'x' }, token)).status).toBe(400);
    expect((await say({ conclusion: 'explained', reason: ' ' }, token)).status).toBeGreaterThanOrEqual(400);
    expect((await stack.call('POST', '/v1/findings/fnd_none/answers', words, { token })).status).toBe(404);
    const said = await say(words, token);
    expect(said.status, JSON.stringify(said.body)).toBe(201);
    expect(said.body.answers).toEqual([expect.objectContaining({ by: auditor, ...words }) as object]);
    const [answer] = said.body.answers;
    const { body: sealed } = await stack.call('GET', `/v1/records/${answer.record}`);
    expect(sealed.record).toMatchObject({
      type: 'finding',
      by: auditor,
      reason: words.reason,
      action: `finding:${id}`,
    });
    expect(sealed.record.body.finding.id).toBe(id);
    const again = { conclusion: 'confirmed', reason: 'the second order was never made' };
    expect((await say(again, token)).body.answers).toHaveLength(2);
    const open = await stack.call('GET', '/v1/findings?test=split-under-tier&answered=false');
    expect([open.body.findings, open.body.tests[0].unanswered]).toEqual([[], 0]);
    // A third part makes it another question, and what was said of the first stays to be read.
    const third = (await stack.ask(refund(970))).body.id;
    const { body: grown } = await stack.call('GET', `/v1/findings?test=split-under-tier`);
    expect(
      grown.findings.map(({ found, answers: { length } }: { found: boolean; answers: object[] }) => [found, length]),
    ).toEqual([
      [true, 0],
      [false, 2],
    ]);
    expect(grown.findings[0].actions).toContain(third);
    const cli = await countersign(['findings', '--test', 'split-under-tier', '--url', stack.url], {
      env: { COUNTERSIGN_API_KEY: token },
    });
    expect([cli.code, cli.out]).toEqual([0, expect.stringContaining('2 findings, 1 unanswered')]);
  });

  it('reads figures of a time beside the one before, added up by day', async () => {
    const { status, body } = await stack.call('GET', '/v1/reports/overview?surface=payments.refund');
    expect(status, JSON.stringify(body)).toBe(200);
    const { body: listed } = await list('?surface=payments.refund&limit=500');
    const count = (field: string, value: string): number =>
      listed.actions.filter((one: Record<string, unknown>) => one[field] === value).length;
    expect(body.now).toMatchObject({
      actions: listed.actions.length,
      overrides: count('releaseBasis', 'override'),
      refused: count('status', 'refused'),
      surfaces: [{ surface: 'payments.refund', actions: listed.actions.length }],
    });
    expect(body.now.money).toEqual([
      expect.objectContaining({ currency: 'USD', undisclosed: 0, released: '442.00', executed: '0.00' }) as object,
    ]);
    const lead = body.now.approvers.find(({ approver }: { approver: string }) => approver === LEAD);
    expect(lead).toMatchObject({ overrides: 1, released: [{ currency: 'USD', amount: '400.00' }] });
    expect([lead.waits.n, body.now.waits.n]).toEqual([lead.decided, lead.decided]);
    expect(body.now.waits.buckets.reduce((sum: number, one: { count: number }) => sum + one.count, 0)).toBe(
      lead.decided,
    );
    expect([body.before.actions, body.before.to]).toEqual([0, body.now.from]);
    expect(body.findings).toContainEqual({ test: 'split-under-tier', findings: 2, unanswered: 1 });
    const { status: refusedStatus } = await stack.call('GET', '/v1/reports/overview', undefined, {
      token: await stack.person(LEAD),
    });
    expect(refusedStatus).toBe(403);
  });

  it('draws a sample that anybody draws again from the log’s root, and the command line too', async () => {
    const input = { size: 2, word: 'my own', surface: 'payments.refund', allAbove: '4000' };
    const { status, body } = await stack.call('POST', '/v1/samples', input);
    expect([status, body.drawn.length]).toEqual([200, 3]);
    expect(body.drawn.find(({ by }: { by: string }) => by === 'bound').id).toBe(refused);
    expect(body.seed).toBe(`${body.log.root}/my own`);
    const { body: list_ } = await list('?surface=payments.refund');
    const ids = list_.actions.map(({ id }: { id: string }) => id).filter((id: string) => id !== refused);
    const lots = ids.map((id: string) => lotOf(body.seed, id)).sort();
    const drawn = body.drawn.filter(({ by }: { by: string }) => by === 'lot').map(({ lot }: { lot: string }) => lot);
    expect(drawn).toEqual(lots.slice(0, 2));
    expect(body.worksheet).toBeNull();
    const { body: sheet } = await stack.call('POST', '/v1/samples', { ...input, basis: 'override', worksheet: true });
    expect(sheet.worksheet).toEqual([
      {
        id: overridden,
        cells: expect.arrayContaining([
          expect.objectContaining({ question: 'named-approver', answer: 'yes', says: LEAD }) as object,
          expect.objectContaining({ question: 'four-eyes', answer: 'yes' }) as object,
          expect.objectContaining({ question: 'executed-once', answer: 'none' }) as object,
        ]) as object[],
      },
    ]);
    const args = ['sample', '--size', '2', '--word', 'my own', '--surface', 'payments.refund', '--json'];
    const cli = await countersign([...args, '--url', stack.url], {
      env: { COUNTERSIGN_API_KEY: stack.stack.firstKey ?? '' },
    });
    expect([cli.code, (JSON.parse(cli.out) as { drawn: object[] }).drawn.length]).toEqual([0, 2]);
  });

  it('gives an archive of just what was drawn, which says what it was drawn by, and verifies offline', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'countersign-sample-'));
    const file = join(folder, 'sample.tar.gz');
    const args = ['sample', '--size', '2', '--word', 'another', '--surface', 'payments.refund', '--archive', file];
    const env = { COUNTERSIGN_API_KEY: stack.stack.firstKey ?? '' };
    const drawn = await countersign([...args, '--json', '--url', stack.url], { env });
    const { seed, drawn: chosen } = JSON.parse(drawn.out) as { seed: string; drawn: { id: string }[] };
    const log = `${stack.url}/log/default`;
    const [keys, vkey] = [join(folder, 'keys.json'), join(folder, 'log.vkey')];
    writeFileSync(keys, await (await fetch(`${log}/jwks.json`)).text());
    writeFileSync(vkey, await (await fetch(`${log}/vkey`)).text());
    const checked = await countersign(['verify', file, '--key', keys, '--log-key', vkey, '--json'], { env: {} });
    expect(checked.code, checked.err).toBe(0);
    const [report] = (JSON.parse(checked.out) as { bundles: { records: number; actions: number }[] }).bundles;
    const { body } = await stack.call('GET', '/v1/records?type=export&limit=1');
    expect(body.records[0].record.body.filter).toEqual({
      actions: chosen.map(({ id }) => id).join(' '),
      sample: `seed ${seed}`,
    });
    expect(report?.actions).toBe(chosen.length);
    expect(body.records[0].record.body.records).toBe(report?.records);
    let all = 0;
    for (const { id } of chosen) all += (await stack.call('GET', `/v1/records?action=${id}`)).body.records.length;
    expect(report?.records).toBe(all);
    rmSync(folder, { recursive: true });
  });

  it.each([
    'actions=act_1',
    `actions=${Array.from({ length: 101 }, (_, n) => `act_${String(n).padStart(64, '0')}`).join(',')}`,
    'sample=mine',
    `actions=act_${'0'.repeat(64)}&sample=${'s'.repeat(513)}`,
  ])('an archive is not asked for by %.40s', async (query) => {
    const { status, body } = await stack.call('GET', `/v1/export?format=bundle&${query}`);
    expect([status, body.code ?? body.type]).toEqual([400, expect.stringContaining('invalid-request')]);
  });

  it.each([
    ['GET', '/v1/findings', undefined],
    ['GET', '/v1/findings/fnd_x', undefined],
    ['POST', '/v1/samples', { size: 1, word: 'w' }],
  ] as const)('%s %s is for auditors and owners', async (method, path, body) => {
    const { status } = await stack.call(method, path, body, { token: await stack.person(LEAD) });
    expect(status).toBe(403);
  });

  it.each([
    { size: 0, word: 'w' },
    { size: 1, word: '' },
    { size: 1 },
    { size: 1, word: 'w', allAbove: '-1' },
    { size: 1, word: 'w', colour: 'red' },
  ])('a sample is not asked for by %j', async (input) => {
    expect((await stack.call('POST', '/v1/samples', input)).status).toBe(400);
  });
});

describe('an export of exactly a filter', () => {
  const take = async (query: string, token?: string) => {
    const authorization = `Bearer ${token ?? stack.stack.firstKey ?? ''}`;
    const response = await fetch(`${stack.url}/v1/actions/export?${query}`, { headers: { authorization } });
    return { response, bytes: Buffer.from(await response.arrayBuffer()) };
  };
  const filter = 'basis=override&surface=payments.refund';

  it('is sealed with what it takes to rely on it, and its rows are those of the list', async () => {
    const { response, bytes } = await take(`format=jsonl&zone=Europe/Berlin&${filter}`);
    expect(response.status).toBe(200);
    const rows = bytes.toString('utf8').trim().split('\n');
    expect(rows.map((row) => JSON.parse(row) as object)).toEqual((await list(`?${filter}`)).body.actions);
    const { body } = await stack.call('GET', `/v1/records/${response.headers.get('countersign-receipt')}`);
    expect(response.headers.get('link')).toContain(body.record.body.digest === undefined ? 'none' : '/v1/records/');
    expect(body.record.body).toMatchObject({
      ...{ what: 'actions', format: 'jsonl', zone: 'Europe/Berlin', rows: 1, sort: '-askedAt' },
      filter: { basis: 'override', surface: 'payments.refund' },
      digest: `sha256:${createHash('sha256').update(bytes).digest('hex')}`,
      totals: [{ currency: 'USD', asked: { sum: '420.00', undisclosed: 0 }, released: { sum: '400.00' } }],
    });
    expect(body.record.body.log.included).toBeLessThanOrEqual(body.record.body.log.size);
  });

  it('opens as a table, as one for Excel, and as a workbook', async () => {
    const csv = (await take(`format=csv&${filter}`)).bytes.toString('utf8').split('\r\n');
    expect([csv.length, csv[1]]).toEqual([3, expect.stringContaining(`${overridden},released,override,`)]);
    expect((await take(`format=csv-excel&${filter}`)).bytes.toString('utf8')).toContain(';420,00;400,00;400,00;');
    const { response, bytes } = await take(`format=xlsx&zone=Asia/Tokyo&${filter}`);
    expect(response.headers.get('content-type')).toContain('spreadsheetml');
    expect(strFromU8(unzipSync(bytes)['xl/worksheets/sheet1.xml'] ?? new Uint8Array())).toContain(overridden);
    const folder = mkdtempSync(join(tmpdir(), 'countersign-file-'));
    const args = [
      'export',
      '--of',
      'actions',
      '--format',
      'csv',
      '--basis',
      'override',
      '--out',
      join(folder, 'a.csv'),
    ];
    const cli = await countersign([...args, '--url', stack.url], {
      env: { COUNTERSIGN_API_KEY: stack.stack.firstKey ?? '' },
    });
    expect([cli.code, readFileSync(join(folder, 'a.csv'), 'utf8')]).toEqual([0, expect.stringContaining(overridden)]);
    rmSync(folder, { recursive: true, force: true });
  });

  it('is for auditors and owners, and takes no filter that it does not know', async () => {
    expect((await take('format=csv', await stack.person(LEAD))).response.status).toBe(403);
    for (const query of ['format=doc', '', 'format=csv&colour=red', 'format=csv&zone=Mars/Base', 'format=csv&q=ab'])
      expect((await take(query)).response.status, query).toBe(400);
  });
});

/** Whoever sees the row is told: over the API, and where it stands in the console, in the list and on its page. */
async function marked(action: string): Promise<void> {
  const columns = ['approver', 'amountReleased'];
  const told = await stack.call('GET', `/v1/actions/differences?actions=${parked},${action},act_none`);
  expect([told.status, told.body]).toEqual([
    200,
    {
      compared: expect.arrayContaining([parked, action]) as string[],
      differences: [{ action, change: 'altered', columns }],
    },
  ]);
  const outsider = { token: await stack.person('user:counsel@acme.test') };
  const unseen = await stack.call('GET', `/v1/actions/differences?actions=${action}`, undefined, outsider);
  expect(unseen.body).toEqual({ compared: [], differences: [] });
  for (const query of ['', '?actions=', `?actions=${Array.from({ length: 101 }, () => parked).join(',')}`])
    expect((await stack.call('GET', `/v1/actions/differences${query}`)).status, query.slice(0, 20)).toBe(400);
  const browser = await launchBrowser();
  try {
    const page = await windowOf(browser, stack, 'user:auditor@acme.test');
    await page.goto(`${stack.url}/console/decisions?basis=override`);
    const alarm = page.getByRole('alert').getByRole('heading', { name: 'ONE ROW IS NOT WHAT ITS RECORDS SAY' });
    await alarm.waitFor();
    const row = page.getByRole('row').filter({ hasText: 'BROKEN' });
    await row.getByText(`not as sealed: ${columns.join(', ')}`).waitFor();
    expect(await row.count()).toBe(1);
    await page.goto(`${stack.url}/console/actions/${action}`);
    await alarm.waitFor();
    await page.getByText(`not as sealed: ${columns.join(', ')}`).waitFor();
    await page.getByRole('button', { name: 'Verify now' }).click();
    await page.getByText('The row says amount released = "4"; the records say "400.00"').waitFor();
    expect(await axe(page)).toEqual([]);
  } finally {
    await browser.close();
  }
}

it('a row that somebody changed is named, and made again', async () => {
  const cli = (...args: string[]) =>
    countersign(['projection', ...args, '--url', stack.url], {
      env: { COUNTERSIGN_API_KEY: stack.stack.firstKey ?? '' },
    });
  const { body } = await stack.call('GET', '/v1/findings?test=split-under-tier');
  const split = body.findings.map(({ id }: { id: string }) => id) as string[];
  expect(split).toHaveLength(2);
  const clean = await cli('check');
  expect([clean.code, clean.out]).toEqual([0, expect.stringContaining('nothing differs')]);
  await tamper(
    postgres.connectionString,
    'update action_fact set amount_released = 4, approver = $2 where action = $1',
    [overridden, CFO],
  );
  const found = await cli('check', '--json');
  expect(found.code).toBe(3);
  expect((JSON.parse(found.out) as { differences: object[] }).differences).toEqual([
    { action: overridden, change: 'altered', columns: ['approver', 'amountReleased'] },
  ]);
  await marked(overridden);
  await tamper(postgres.connectionString, `update finding set sentence = 'nothing to see' where test = $1`, [
    'split-under-tier',
  ]);
  await tamper(postgres.connectionString, `update finding_answer set reason = $1 where seq = 0`, ['never mind']);
  const { findings } = JSON.parse((await cli('check', '--json')).out) as { findings: string[] };
  expect(findings).toEqual(expect.arrayContaining(split));
  await tamper(postgres.connectionString, 'update action_day set released = released + 1 where release_basis = $1', [
    'override',
  ]);
  const { days } = JSON.parse((await cli('check', '--json')).out) as { days: string[] };
  expect(days.length).toBeGreaterThan(0);
  const lead = await countersign(['projection', 'rebuild', '--url', stack.url], {
    env: { COUNTERSIGN_API_KEY: await stack.person(LEAD) },
  });
  expect(lead.code).not.toBe(0);
  expect((await cli('rebuild')).code).toBe(0);
  expect((await cli('check')).code).toBe(0);
});
