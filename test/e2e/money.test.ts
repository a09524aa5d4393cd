/** Money that left, as owners and auditors read it: an action that was lowered to 200 is not listed as 420.50. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { unpack } from '../../src/archive/check/unpack.ts';
import { countersign } from '../cli/harness.ts';
import { policiesFolder } from '../support/policies.ts';
import { LEAD, refund, startTestStack, type TestStack } from '../support/stack.ts';

const AUDITOR = 'user:auditor@acme.test';
let stack: TestStack;
let lowered: string;

/** A policy that says where its amount and currency stand. */
const policies = policiesFolder({
  'wire.yaml': `policy: wire
surfaces: [wire]
rules: [{ id: small, when: 'params.total <= 10', then: approve }]
amount: params.total
currency: resource.unit
disclose: [params.total, resource.unit]
`,
});

beforeAll(async () => {
  stack = await startTestStack({ COUNTERSIGN_POLICIES: policies.path });
  lowered = (await stack.ask(refund(420.5))).body.id;
  const approve = { decision: 'approve', reason: 'half was delivered', changes: { 'params.amount': 200 } };
  const decided = await stack.call('POST', `/v1/actions/${lowered}/decisions`, approve, {
    token: await stack.person(LEAD),
  });
  const { permit } = (await stack.call('GET', `/v1/actions/${lowered}`)).body;
  expect(decided.status).toBe(200);
  expect((await stack.call('POST', '/v1/permits/redeem', { permit })).status).toBe(200);
  expect((await stack.call('POST', `/v1/actions/${lowered}/outcome`, { permit, status: 'executed' })).status).toBe(200);
  await stack.ask(refund(10));
  await stack.ask(refund(5000));
});
afterAll(async () => {
  await stack.stop();
  policies.remove();
});

const csv = async (query: string): Promise<Record<string, string>[]> => {
  const text = (await stack.call('GET', `/v1/export?format=csv${query}`)).body as string;
  const [header = [], ...rows] = text
    .trimEnd()
    .split('\r\n')
    .map((line) => [...line.matchAll(/(?:^|,)("(?:[^"]|"")*"|[^,]*)/g)].map(([, cell = '']) => cell));
  return rows.map((row) => Object.fromEntries(header.map((name, n) => [name, row[n] ?? ''])));
};

describe('the table', () => {
  it.each([
    ['', 5],
    ['&type=release', 1],
    ['&type=outcome', 1],
  ])('has each amount in its own column, once (%s)', async (filter, rows) => {
    const found = await csv(`&action=${lowered}${filter}`);
    expect(found).toHaveLength(rows);
    const column = (name: string): string[] => found.map((row) => row[name] ?? '').filter((cell) => cell !== '');
    const has = (type: string): boolean => found.some((row) => row['type'] === type);
    expect([column('asked_amount'), column('approved_amount')]).toEqual(
      has('verdict') ? [['420.50'], ['200.00']] : [[], []],
    );
    expect(column('released_amount')).toEqual(has('release') ? ['200.00'] : []);
    expect(column('executed_amount')).toEqual(has('outcome') ? ['200.00'] : []);
  });
});

describe('an amount that policy declares elsewhere', () => {
  it('is the amount of table and archive too, and the archive verifies', async () => {
    const { body } = await stack.ask({
      surface: 'wire',
      action: 'wire.send',
      actor: { id: 'agent:treasurer', type: 'agent' },
      resource: { type: 'account', id: 'a1', unit: 'KWD' },
      params: { total: 1.5 },
    });
    const [verdict] = await csv(`&action=${body.id}&type=verdict`);
    expect(verdict).toMatchObject({ currency: 'KWD', asked_amount: '1.500', approved_amount: '1.500' });
    const folder = mkdtempSync(join(tmpdir(), 'countersign-money-'));
    const archive = join(folder, 'evidence.tar.gz');
    const env = { COUNTERSIGN_URL: stack.url, COUNTERSIGN_API_KEY: await stack.person(AUDITOR) };
    const run = (...args: string[]) => countersign(args, { env });
    expect(await run('export', '--action', body.id, '--out', archive)).toMatchObject({ code: 0 });
    expect(await run('keys', 'export', '--out', folder)).toMatchObject({ code: 0 });
    const keys = ['--key', join(folder, 'record-keys.jwks.json'), '--log-key', join(folder, 'log.vkey')];
    expect(await run('verify', archive, ...keys)).toMatchObject({ code: 0 });
    const unpacked = await unpack(archive);
    const report = readFileSync(join(unpacked.folder, 'report.html'), 'utf8');
    expect(report).toContain('asked 1.500 KWD, approved 1.500 KWD');
    await unpacked.close();
    rmSync(folder, { recursive: true });
  }, 240_000);
});

describe('the report of overrides', () => {
  it('has one row an action, and totals', async () => {
    const { status, body } = await stack.call('GET', '/v1/reports/overrides', undefined, {
      token: await stack.person(AUDITOR),
    });
    expect(status).toBe(200);
    const amounts = { asked: '420.50', approved: '200.00', released: '200.00', executed: '200.00' };
    expect(body.items).toEqual([
      {
        action: lowered,
        surface: 'payments.refund',
        what: 'refund.create, 200.00 USD, ord_420.5',
        askedBy: 'agent:support-bot, for user:requester@acme.test',
        askedAt: expect.any(String),
        approvedBy: [LEAD],
        approvedAt: expect.any(String),
        tookSeconds: expect.any(Number),
        currency: 'USD',
        amounts,
        basis: 'override',
        outcome: 'executed',
        presence: ['token'],
        effect: 'compensable',
        reverses: null,
        reversedBy: [],
        receipt: expect.stringMatching(/^sha256:/),
      },
    ]);
    const sums = {
      currency: 'USD',
      ...Object.fromEntries(Object.entries(amounts).map(([name, sum]) => [name, { sum, undisclosed: 0 }])),
    };
    expect(body).toMatchObject({ total: 1, cut: false, currencies: [sums] });
    expect(body.approvers).toEqual([{ approver: LEAD, actions: 1, money: [sums] }]);
    expect(body.presences).toEqual([{ presence: 'token', actions: 1, money: [sums] }]);
    expect(body.neverReversed).toEqual({ actions: 1, money: [sums] });
    expect(body.surfaces).toEqual([{ surface: 'payments.refund', actions: 1, money: [sums] }]);
    expect((await stack.call('GET', `/v1/records/${body.items[0].receipt}/receipt`)).status).toBe(200);
  });

  it('says what was taken back', async () => {
    const { body } = await stack.ask({ ...refund(20), reverses: lowered });
    const { permit } = body;
    expect((await stack.call('POST', '/v1/permits/redeem', { permit })).status).toBe(200);
    const read = async () =>
      (await stack.call('GET', '/v1/reports/overrides', undefined, { token: await stack.person(AUDITOR) })).body;
    // What is only begun takes nothing back.
    expect((await read()).items[0].reversedBy).toEqual([]);
    expect((await stack.call('POST', `/v1/actions/${body.id}/outcome`, { permit, status: 'executed' })).status).toBe(
      200,
    );
    const report = await read();
    expect(report.items[0].reversedBy).toEqual([body.id]);
    expect(report.neverReversed).toEqual({ actions: 0, money: [] });
    expect(await csv(`&action=${body.id}&type=verdict`)).toMatchObject([{ reverses: lowered }]);
    expect(await csv(`&action=${lowered}&type=decision`)).toMatchObject([{ presence: 'token' }]);
  });

  it('is a command too, and is not for everybody', async () => {
    const env = { COUNTERSIGN_URL: stack.url, COUNTERSIGN_API_KEY: await stack.person(AUDITOR) };
    const said = await countersign(['report', 'overrides'], { env });
    expect([said.code, said.err]).toEqual([0, '']);
    expect(said.out).toContain(
      `by ${LEAD}: asked 420.50 USD, approved 200.00 USD, released 200.00 USD, executed 200.00 USD`,
    );
    const token = await stack.person(LEAD);
    expect((await stack.call('GET', '/v1/reports/overrides', undefined, { token })).status).toBe(403);
  });

  it.each(['from=yesterday', 'to=2026-11-31', 'from=2027-01-02&to=2027-01-01', 'from=2026-11-21T10:00:00'])(
    'refuses %s',
    async (query) => {
      expect((await stack.call('GET', `/v1/reports/overrides?${query}`)).status).toBe(400);
    },
  );
});
